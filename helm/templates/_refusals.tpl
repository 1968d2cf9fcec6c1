{{/* Values that are each allowed and together make no sense end here, with a sentence. What is wrong by itself is the schema's to say. */}}
{{- define "mytracker-sink.refusals" -}}
{{- $config := (include "mytracker-sink.model" . | fromYaml).config -}}
{{- include "mytracker-sink.refuseHttp" $config -}}
{{- include "mytracker-sink.refuseSecrets" (dict "config" $config "Values" .Values) -}}
{{- include "mytracker-sink.refuseModules" (dict "config" $config "Values" .Values) -}}
{{- include "mytracker-sink.refuseScaling" .Values -}}
{{- if eq .Values.scaling.mode "keda" -}}
  {{- include "mytracker-sink.refuseKeda" (dict "config" $config "Values" .Values) -}}
{{- end -}}
{{- include "mytracker-sink.refuseMonitoring" .Values -}}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.egress) -}}
  {{- fail "networkPolicy.enabled without networkPolicy.egress would cut the service off: write rules for brokers, registry and tracker." -}}
{{- end -}}
{{- end -}}

{{- define "mytracker-sink.refuseHttp" -}}
{{- $port := dig "http" "port" 8080 . -}}
{{- if or (include "mytracker-sink.isVariable" $port) (eq (int $port) 0) -}}
  {{- fail "config.http.port must be written out and not be 0: probes, service and monitor have to know it." -}}
{{- end -}}
{{- $host := dig "http" "host" "" . -}}
{{- if has $host (list "127.0.0.1" "localhost" "::1") -}}
  {{- fail (printf "config.http.host is %s, where no probe can reach it: leave it out." $host) -}}
{{- end -}}
{{- if include "mytracker-sink.isVariable" (dig "delivery" "drainTimeout" "" .) -}}
  {{- fail "config.delivery.drainTimeout must be written out: the grace period of the pods follows from it." -}}
{{- end -}}
{{- end -}}

{{- define "mytracker-sink.refuseSecrets" -}}
{{- $sasl := default dict .config.kafka.sasl -}}
{{- $registry := .config.schemaRegistry -}}
{{- $isOauth := eq (toString $sasl.mechanism) "oauthbearer" -}}
{{- if and $isOauth .Values.secrets.kafkaPassword -}}
  {{- fail "secrets.kafkaPassword does not go with the mechanism oauthbearer: use secrets.kafkaClientSecret." -}}
{{- end -}}
{{- if and $sasl (not $isOauth) (or .Values.secrets.kafkaClientSecret .Values.certificates.kafkaOauthCa) -}}
  {{- fail "secrets.kafkaClientSecret and certificates.kafkaOauthCa are for the mechanism oauthbearer only: use secrets.kafkaPassword." -}}
{{- end -}}
{{- if and $sasl (not (or $sasl.password $sasl.passwordFile $sasl.clientSecret $sasl.clientSecretFile)) -}}
  {{- fail (printf "config.kafka.sasl has no secret: name one under secrets.%s." (ternary "kafkaClientSecret" "kafkaPassword" $isOauth)) -}}
{{- end -}}
{{- $password := or $registry.password $registry.passwordFile -}}
{{- if and $registry.username (not $password) -}}
  {{- fail "config.schemaRegistry.username has no password: name one under secrets.registryPassword." -}}
{{- end -}}
{{- if and $password (not $registry.username) -}}
  {{- fail "secrets.registryPassword has no user: write config.schemaRegistry.username." -}}
{{- end -}}
{{- if and $registry.username (or $registry.bearerToken $registry.bearerTokenFile) -}}
  {{- fail "secrets.registryToken does not go with config.schemaRegistry.username: keep one of the two." -}}
{{- end -}}
{{- $names := list -}}
{{- range .config.tracker.apps -}}
  {{- $names = append $names .name -}}
  {{- if not (or .token .tokenFile) -}}
    {{- fail (printf "The app %s has no token: name its Secret under secrets.appTokens.%s." .name .name) -}}
  {{- end -}}
{{- end -}}
{{- range $name, $_ := .Values.secrets.appTokens -}}
  {{- if not (has $name $names) -}}
    {{- fail (printf "secrets.appTokens names %s, but config.tracker.apps has only %s." $name (join ", " $names)) -}}
  {{- end -}}
{{- end -}}
{{- if ne (empty .Values.certificates.kafkaClientCert) (empty .Values.certificates.kafkaClientKey) -}}
  {{- fail "certificates.kafkaClientCert and certificates.kafkaClientKey go together: give both or neither." -}}
{{- end -}}
{{- end -}}

{{- define "mytracker-sink.refuseModules" -}}
{{- if hasKey .Values.mappingModules "config.yaml" -}}
  {{- fail "mappingModules cannot hold a file config.yaml: that is the configuration's own name." -}}
{{- end -}}
{{- range .config.mappings -}}
  {{- $path := trimPrefix "./" (default "/" .module) -}}
  {{- $isOurs := and (hasPrefix "mapping/" $path) (hasKey $.Values.mappingModules (trimPrefix "mapping/" $path)) -}}
  {{- if not (or (hasPrefix "/" $path) $isOurs) -}}
    {{- fail (printf "The mapping of %s names the module %s: write it ./mapping/NAME, with NAME under mappingModules." .record .module) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "mytracker-sink.refuseScaling" -}}
{{- $partitions := int .scaling.partitions -}}
{{- if and (eq .scaling.mode "fixed") (gt $partitions 0) (gt (int .scaling.replicas) $partitions) -}}
  {{- fail (printf "scaling.replicas is %d, but there are %d partitions: the other pods would idle." (int .scaling.replicas) $partitions) -}}
{{- end -}}
{{- end -}}

{{- define "mytracker-sink.refuseKeda" -}}
{{- $kafka := .config.kafka -}}
{{- $partitions := int .Values.scaling.partitions -}}
{{- $least := int .Values.scaling.keda.minReplicas -}}
{{- $most := int (default $partitions .Values.scaling.keda.maxReplicas) -}}
{{- if eq $partitions 0 -}}
  {{- fail "scaling.mode keda needs scaling.partitions: more pods than partitions would idle." -}}
{{- end -}}
{{- if gt $most $partitions -}}
  {{- fail (printf "scaling.keda.maxReplicas is %d, but there are %d partitions: the other pods would idle." $most $partitions) -}}
{{- end -}}
{{- if gt $least $most -}}
  {{- fail (printf "scaling.keda.minReplicas is %d and more than the %d pods that there may be." $least $most) -}}
{{- end -}}
{{- if gt (int .Values.scaling.keda.fallbackReplicas) $most -}}
  {{- fail (printf "scaling.keda.fallbackReplicas is %d and more than the %d pods that there may be." (int .Values.scaling.keda.fallbackReplicas) $most) -}}
{{- end -}}
{{- range $key := list "brokers" "groupId" "topics" "sasl" "ssl" -}}
  {{- if include "mytracker-sink.isVariable" (toJson (get $kafka $key)) -}}
    {{- fail (printf "config.kafka.%s must be written out without ${…}: KEDA reads it, too." $key) -}}
  {{- end -}}
{{- end -}}
{{- if and $kafka.sasl (not (or .Values.secrets.kafkaPassword .Values.secrets.kafkaClientSecret)) -}}
  {{- fail "scaling.mode keda needs the brokers' secret under secrets.kafkaPassword or secrets.kafkaClientSecret: KEDA reads it, too." -}}
{{- end -}}
{{- if and (hasKey (ternary $kafka.ssl dict (kindIs "map" $kafka.ssl)) "caFile") (not .Values.certificates.kafkaCa) -}}
  {{- fail "scaling.mode keda needs the brokers' authority under certificates.kafkaCa: KEDA reads it, too." -}}
{{- end -}}
{{- end -}}

{{- define "mytracker-sink.refuseMonitoring" -}}
{{- if and (eq .monitor.kind "ServiceMonitor") (not .service.enabled) -}}
  {{- fail "monitor.kind ServiceMonitor needs service.enabled: take PodMonitor, or enable the service." -}}
{{- end -}}
{{- if gt (include "mytracker-sink.seconds" .monitor.scrapeTimeout | int) (include "mytracker-sink.seconds" .monitor.interval | int) -}}
  {{- fail "monitor.scrapeTimeout is longer than monitor.interval, which the Prometheus operator refuses." -}}
{{- end -}}
{{- if and .alerts.enabled (eq .monitor.kind "none") (not .alerts.selector) -}}
  {{- fail "alerts.enabled needs to know the series: choose monitor.kind, or write alerts.selector as your Prometheus labels them." -}}
{{- end -}}
{{- end -}}
