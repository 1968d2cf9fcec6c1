/** Of containers.conf. Podman then works in a container, too: with lower limits than that has, and no systemd asked for anything. */
export const podmanSettings = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=16384:16384"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`
