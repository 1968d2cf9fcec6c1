{{/* What objects are called. */}}
{{- define "mytracker-sink.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "mytracker-sink.fullname" -}}
{{- $name := include "mytracker-sink.name" . -}}
{{- $both := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $both .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "mytracker-sink.serviceAccountName" -}}
{{- $own := ternary (include "mytracker-sink.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $own .Values.serviceAccount.name -}}
{{- end -}}

{{/* Labels that pods are chosen by. They can never change. */}}
{{- define "mytracker-sink.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mytracker-sink.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: sink
{{- end -}}

{{- define "mytracker-sink.labels" -}}
{{- $own := include "mytracker-sink.selectorLabels" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") -}}
{{- toYaml (merge $own .Values.commonLabels) -}}
{{- end -}}

{{/* Of a root and further labels. */}}
{{- define "mytracker-sink.labelsAnd" -}}
{{- toYaml (merge (include "mytracker-sink.labels" (first .) | fromYaml) (last .)) -}}
{{- end -}}

{{/*
Without chart and version: a new chart that changes nothing of the pods shall not start them again, for each start moves partitions.
*/}}
{{- define "mytracker-sink.podLabels" -}}
{{- toYaml (merge (include "mytracker-sink.selectorLabels" . | fromYaml) .Values.podLabels .Values.commonLabels) -}}
{{- end -}}

{{- define "mytracker-sink.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Where the configuration and its modules are mounted, and where the secrets and certificates. */}}
{{- define "mytracker-sink.configFolder" -}}/etc/mytracker-sink{{- end -}}
{{- define "mytracker-sink.secretFolder" -}}/run/secrets/mytracker-sink{{- end -}}

{{/* "true" where a text is to be filled in from the environment, and so not known here. */}}
{{- define "mytracker-sink.isVariable" -}}
{{- if contains "${" (toString .) -}}true{{- end -}}
{{- end -}}

{{/* Whole seconds of a duration like 250ms, 30s or 5m, rounded up. */}}
{{- define "mytracker-sink.seconds" -}}
{{- $number := regexFind "^\\d+" . | float64 -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- mulf $number (get (dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 "d" 86400.0) $unit) | ceil | int -}}
{{- end -}}

{{- define "mytracker-sink.port" -}}
{{- dig "http" "port" 8080 .Values.config | int -}}
{{- end -}}

{{/* The drain has this long; what comes after it (a last commit, leaving, closing) is quick. */}}
{{- define "mytracker-sink.gracePeriod" -}}
{{- add 10 (include "mytracker-sink.seconds" (dig "delivery" "drainTimeout" "20s" .Values.config)) -}}
{{- end -}}

{{/*
The configuration as the service reads it, with the paths of its secrets and certificates filled in, and what is to be mounted there:
`config`, and `files` with a `name` and a `ref` each.
*/}}
{{- define "mytracker-sink.model" -}}
{{- $config := deepCopy .Values.config -}}
{{- $model := dict "config" $config "files" list -}}
{{/* YAML 1.1 takes `breaker: off` for false. */}}
{{- if eq (toString $config.breaker) "false" }}{{ $_ := set $config "breaker" "off" }}{{ end -}}
{{- if eq (dig "deadLetters" "brake" "" $config | toString) "false" }}{{ $_ := set $config.deadLetters "brake" "off" }}{{ end -}}
{{- if and (or .Values.certificates.kafkaCa .Values.certificates.kafkaClientCert) (ne (toString $config.kafka.ssl) "false") -}}
  {{- if not (kindIs "map" $config.kafka.ssl) }}{{ $_ := set $config.kafka "ssl" dict }}{{ end -}}
{{- end -}}
{{- $sasl := $config.kafka.sasl -}}
{{- $ssl := $config.kafka.ssl -}}
{{- $registry := $config.schemaRegistry -}}
{{- $tracker := $config.tracker -}}
{{- range $file := list
  (dict "from" "secrets.kafkaPassword" "to" "config.kafka.sasl" "key" "passwordFile" "owner" $sasl "name" "kafka-password")
  (dict "from" "secrets.kafkaClientSecret" "to" "config.kafka.sasl" "key" "clientSecretFile" "owner" $sasl "name" "kafka-client-secret")
  (dict "from" "secrets.registryPassword" "to" "config.schemaRegistry" "key" "passwordFile" "owner" $registry "name" "registry-password")
  (dict "from" "secrets.registryToken" "to" "config.schemaRegistry" "key" "bearerTokenFile" "owner" $registry "name" "registry-token")
  (dict "from" "certificates.kafkaCa" "to" "config.kafka.ssl" "key" "caFile" "owner" $ssl "name" "kafka-ca.pem")
  (dict "from" "certificates.kafkaClientCert" "to" "config.kafka.ssl" "key" "certFile" "owner" $ssl "name" "kafka-client.pem")
  (dict "from" "certificates.kafkaClientKey" "to" "config.kafka.ssl" "key" "keyFile" "owner" $ssl "name" "kafka-client.key")
  (dict "from" "certificates.kafkaOauthCa" "to" "config.kafka.sasl" "key" "caFile" "owner" $sasl "name" "kafka-oauth-ca.pem")
  (dict "from" "certificates.registryCa" "to" "config.schemaRegistry" "key" "caFile" "owner" $registry "name" "registry-ca.pem")
  (dict "from" "certificates.trackerCa" "to" "config.tracker" "key" "caFile" "owner" $tracker "name" "tracker-ca.pem")
-}}
  {{- $group := splitList "." $file.from | first -}}
  {{- $ref := get (get $.Values $group) (splitList "." $file.from | last) -}}
  {{- include "mytracker-sink.mount" (merge (dict "model" $model "ref" $ref) $file) -}}
{{- end -}}
{{- range $place, $app := $tracker.apps -}}
  {{- include "mytracker-sink.mount" (dict
    "from" (printf "secrets.appTokens.%s" $app.name) "ref" (get (default dict $.Values.secrets.appTokens) $app.name)
    "to" (printf "config.tracker.apps[%d]" $place) "key" "tokenFile" "owner" $app
    "name" (printf "app-token-%d" $place) "model" $model) -}}
{{- end -}}
{{- toYaml $model -}}
{{- end -}}

{{/* Where there is a `ref`, one more file, whose path `owner` gets under `key`. */}}
{{- define "mytracker-sink.mount" -}}
{{- $plain := trimSuffix "File" .key -}}
{{- if .ref -}}
  {{- if not (kindIs "map" .owner) -}}
    {{- fail (printf "%s is given, but %s is not: write it, or remove the other." .from .to) -}}
  {{- end -}}
  {{- range list .key $plain -}}
    {{- if hasKey $.owner . -}}
      {{- fail (printf "%s and %s.%s are both given: keep one of the two." $.from $.to .) -}}
    {{- end -}}
  {{- end -}}
  {{- $_ := set .owner .key (printf "%s/%s" (include "mytracker-sink.secretFolder" .) .name) -}}
  {{- $_ := set .model "files" (append .model.files (dict "name" .name "ref" .ref)) -}}
{{- else if kindIs "map" .owner -}}
  {{- if and (hasKey .owner $plain) (not (include "mytracker-sink.isVariable" (get .owner $plain))) -}}
    {{- fail (printf "%s.%s would stand readable in a ConfigMap: name the Secret that holds it under %s." .to $plain .from) -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{/* The source of a projected volume: one key of a secret or a ConfigMap, under the name of its file. */}}
{{- define "mytracker-sink.source" -}}
{{- $item := list (dict "key" .ref.key "path" .name) -}}
{{- if .ref.existingConfigMap -}}
{{- toYaml (dict "configMap" (dict "name" .ref.existingConfigMap "items" $item)) -}}
{{- else -}}
{{- toYaml (dict "secret" (dict "name" .ref.existingSecret "items" $item)) -}}
{{- end -}}
{{- end -}}

{{/* What the Deployment's container and that of `helm test` have in common. */}}
{{- define "mytracker-sink.container" -}}
image: {{ include "mytracker-sink.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.extraEnv }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraEnvFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
resources: {{- toYaml .Values.resources | nindent 2 }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  - name: config
    mountPath: {{ include "mytracker-sink.configFolder" . }}
    readOnly: true
  {{- if (include "mytracker-sink.model" . | fromYaml).files }}
  - name: secrets
    mountPath: {{ include "mytracker-sink.secretFolder" . }}
    readOnly: true
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* What the Deployment's pod and that of `helm test` have in common. */}}
{{- define "mytracker-sink.pod" -}}
serviceAccountName: {{ include "mytracker-sink.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.extraInitContainers }}
initContainers: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
volumes:
  - name: config
    configMap:
      name: {{ include "mytracker-sink.fullname" . }}
      items:
        - key: config.yaml
          path: config.yaml
        {{- range $name, $_ := .Values.mappingModules }}
        - key: {{ $name }}
          path: mapping/{{ $name }}
        {{- end }}
  {{- with (include "mytracker-sink.model" . | fromYaml).files }}
  - name: secrets
    projected:
      defaultMode: 288 # 0440
      sources:
        {{- range . }}
        - {{ include "mytracker-sink.source" . | nindent 10 | trim }}
        {{- end }}
  {{- end }}
  {{- with .Values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* "true" where the brokers are spoken to through TLS. */}}
{{- define "mytracker-sink.hasTls" -}}
{{- $ssl := (include "mytracker-sink.model" . | fromYaml).config.kafka.ssl -}}
{{- if or (kindIs "map" $ssl) (eq (toString $ssl) "true") -}}true{{- end -}}
{{- end -}}

{{/* What KEDA takes from a ConfigMap only, though it is no secret: parameter and text. */}}
{{- define "mytracker-sink.kedaTexts" -}}
{{- with .Values.config.kafka.sasl -}}
{{- if eq .mechanism "oauthbearer" -}}
username: {{ .clientId | quote }}
oauthTokenEndpointUri: {{ .tokenEndpoint | quote }}
{{- with .scope }}
scopes: {{ . | quote }}
{{- end }}
{{- else -}}
username: {{ .username | quote }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The spec of the TriggerAuthentication; nothing where the brokers ask for nothing. */}}
{{- define "mytracker-sink.kedaAuthentication" -}}
{{- $secrets := list -}}
{{- $maps := list -}}
{{- range $parameter, $_ := include "mytracker-sink.kedaTexts" . | fromYaml -}}
  {{- $maps = append $maps (dict "parameter" $parameter "name" (printf "%s-keda" (include "mytracker-sink.fullname" $)) "key" $parameter) -}}
{{- end -}}
{{- range list
  (dict "parameter" "password" "ref" (default .Values.secrets.kafkaClientSecret .Values.secrets.kafkaPassword))
  (dict "parameter" "ca" "ref" .Values.certificates.kafkaCa)
  (dict "parameter" "cert" "ref" .Values.certificates.kafkaClientCert)
  (dict "parameter" "key" "ref" .Values.certificates.kafkaClientKey)
-}}
  {{- if .ref.existingConfigMap -}}
    {{- $maps = append $maps (dict "parameter" .parameter "name" .ref.existingConfigMap "key" .ref.key) -}}
  {{- else if .ref -}}
    {{- $secrets = append $secrets (dict "parameter" .parameter "name" .ref.existingSecret "key" .ref.key) -}}
  {{- end -}}
{{- end -}}
{{- with $secrets }}
secretTargetRef: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $maps }}
configMapTargetRef: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The series of this release, as the monitor labels them. */}}
{{- define "mytracker-sink.series" -}}
{{- default (printf "namespace=%q,job=%q" .Release.Namespace .Release.Name) .Values.alerts.selector -}}
{{- end -}}

{{/* What a person types to ask the service in a pod. */}}
{{- define "mytracker-sink.inPod" -}}
kubectl --namespace {{ .Release.Namespace }} exec deployment/{{ include "mytracker-sink.fullname" . }} -- mytracker-sink
{{- end -}}

{{- define "mytracker-sink.statusCommand" -}}
{{ include "mytracker-sink.inPod" . }} status --url http://localhost:{{ include "mytracker-sink.port" . }}
{{- end -}}

{{/* Labels of an alert: its severity, and the alerts' values. */}}
{{- define "mytracker-sink.alertLabels" -}}
{{- toYaml (merge (dict "severity" (first .)) (last .).extraLabels) -}}
{{- end -}}
