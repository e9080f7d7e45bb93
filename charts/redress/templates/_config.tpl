{{/* A tree of settings as environment variables, put into .out; dict prefix, tree, out. */}}
{{- define "redress.flatten" -}}
{{- range $key, $value := .tree -}}
{{- $name := printf "%s__%s" $.prefix (upper $key) -}}
{{- if kindIs "map" $value -}}
{{- include "redress.flatten" (dict "prefix" $name "tree" $value "out" $.out) -}}
{{- else if kindIs "slice" $value -}}
{{- $_ := set $.out $name (toJson $value) -}}
{{- else if and (kindIs "float64" $value) (eq (floor $value) $value) -}}
{{- $_ := set $.out $name (printf "%.0f" $value) -}}
{{- else -}}
{{- $_ := set $.out $name (toString $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A workload's open configuration as a YAML map of variables; dict root, name, workload. */}}
{{- define "redress.env" -}}
{{- $values := .root.Values -}}
{{- $runtime := dict
  "grpc" (dict "listen" "0.0.0.0:7000")
  "http" (dict "listen" "0.0.0.0:8000")
  "admin" (dict "listen" "0.0.0.0:9000")
  "auth" (dict "issuer" $values.auth.issuer "audience" $values.auth.audience "jwks" $values.auth.jwks "operator_tenant" $values.auth.operatorTenant)
  "telemetry" (dict "log" $values.telemetry.log) -}}
{{- if $values.tls.grpcSecret -}}
{{- $tls := dict "certificate_file" "/etc/redress/grpc/tls.crt" "key_file" "/etc/redress/grpc/tls.key" -}}
{{- with $values.tls.clientCaKey }}{{ $_ := set $tls "client_ca_file" (printf "/etc/redress/grpc/%s" .) }}{{ end -}}
{{- $_ := set $runtime.grpc "tls" $tls -}}
{{- end -}}
{{- $tree := dict "runtime" $runtime "kafka" (include "redress.kafkaConfig" .root | fromYaml) -}}
{{- with (include "redress.kafkaUser" . | fromYaml).username }}{{ $_ := set $tree.kafka.security "sasl_username" . }}{{ end -}}
{{- $_ := set $tree "postgres" (dict "url" (include "redress.postgresUrl" .)) -}}
{{- if and (has "redis" .workload.uses) (not $values.redis.existingSecret) -}}
{{- $_ := set $tree "redis" (dict "url" $values.redis.url) -}}
{{- end -}}
{{- if has "vault" .workload.uses -}}
{{- $_ := set $tree "vault" (dict "key_file" (printf "/etc/redress/vault/%s" $values.vault.key)) -}}
{{- end -}}
{{- if eq .workload.binary "investigation" -}}
{{- $s3 := dict "region" $values.evidence.s3.region "endpoint" $values.evidence.s3.endpoint -}}
{{- $_ := set $tree "investigation" (dict "evidence" (dict "store" $values.evidence.store "sensitive_store" $values.evidence.sensitiveStore "s3" $s3)) -}}
{{- end -}}
{{- $tree = mergeOverwrite $tree (deepCopy .workload.config) -}}
{{- $out := dict -}}
{{- include "redress.flatten" (dict "prefix" "REDRESS" "tree" $tree "out" $out) -}}
{{- include "redress.otel" (dict "values" $values "name" .name "out" $out) -}}
{{- mergeOverwrite $out .workload.env | toYaml -}}
{{- end -}}

{{- define "redress.kafkaConfig" -}}
{{- $kafka := .Values.kafka -}}
brokers: {{ $kafka.bootstrapServers | quote }}
topic_prefix: {{ $kafka.topicPrefix | quote }}
partitions: {{ include "redress.partitions" . }}
replication: {{ $kafka.replication }}
security:
  protocol: {{ $kafka.security.protocol | quote }}
  sasl_mechanism: {{ $kafka.security.saslMechanism | quote }}
  {{- if $kafka.security.tlsSecret }}
  {{- with $kafka.security.caKey }}
  ca_file: {{ printf "/etc/redress/kafka/%s" . | quote }}
  {{- end }}
  {{- with $kafka.security.certificateKey }}
  certificate_file: {{ printf "/etc/redress/kafka/%s" . | quote }}
  {{- end }}
  {{- with $kafka.security.privateKeyKey }}
  key_file: {{ printf "/etc/redress/kafka/%s" . | quote }}
  {{- end }}
  {{- end }}
{{- end -}}

{{/* Who a workload is to Kafka, as YAML: username or usernameSecret, and passwordSecret, each secret as {name, key}. One user
for all by kafka.security.existingSecret, or those that Strimzi makes; what a workload sets itself wins. dict root, workload. */}}
{{- define "redress.kafkaUser" -}}
{{- $security := .root.Values.kafka.security -}}
{{- $found := dict -}}
{{- if hasPrefix "sasl_" $security.protocol -}}
{{- if $security.existingSecret -}}
{{- $_ := set $found "passwordSecret" (dict "name" $security.existingSecret "key" $security.passwordKey) -}}
{{- $_ := set $found "usernameSecret" (dict "name" $security.existingSecret "key" $security.usernameKey) -}}
{{- else if and .root.Values.strimzi.enabled .root.Values.strimzi.users -}}
{{- $user := printf "%s-%s" (include "redress.fullname" .root) .workload.binary -}}
{{- $_ := set $found "username" $user -}}
{{- $_ := set $found "passwordSecret" (dict "name" $user "key" "password") -}}
{{- end -}}
{{- with $security.username }}{{ $_ := set (unset $found "usernameSecret") "username" . }}{{ end -}}
{{- with dig "kafka" "security" "sasl_username" "" .workload.config }}{{ $_ := set (unset $found "usernameSecret") "username" . }}{{ end -}}
{{- with index .workload.secrets "kafka.security.sasl_username" }}{{ $_ := set (unset $found "username") "usernameSecret" . }}{{ end -}}
{{- with index .workload.secrets "kafka.security.sasl_password" }}{{ $_ := set $found "passwordSecret" . }}{{ end -}}
{{- end -}}
{{- $found | toYaml -}}
{{- end -}}

{{/* Without the password: that is read from PGPASSWORD, so it needs no escapes and stands in no ConfigMap. */}}
{{- define "redress.postgresUrl" -}}
{{- $pg := .root.Values.postgresql -}}
{{- $db := index $pg.databases .workload.binary -}}
{{- $ca := ternary (printf "&sslrootcert=/etc/redress/postgres/%s" $pg.caKey) "" (ne $pg.caSecret "") -}}
{{- printf "postgres://%s@%s:%d/%s?sslmode=%s%s" $db.user (default $pg.host $db.host) (int (default $pg.port $db.port)) $db.name $pg.sslMode $ca -}}
{{- end -}}

{{- define "redress.otel" -}}
{{- $telemetry := .values.telemetry -}}
{{- $_ := set .out "OTEL_SERVICE_NAME" (printf "redress-%s" .name) -}}
{{- with $telemetry.otlpEndpoint -}}
{{- $_ := set $.out "OTEL_EXPORTER_OTLP_ENDPOINT" . -}}
{{- $_ := set $.out "OTEL_TRACES_SAMPLER" "parentbased_traceidratio" -}}
{{- $_ := set $.out "OTEL_TRACES_SAMPLER_ARG" (toString $telemetry.traceRatio) -}}
{{- if not $telemetry.otlpMetrics }}{{ $_ := set $.out "OTEL_METRICS_EXPORTER" "none" }}{{ end -}}
{{- if not $telemetry.otlpLogs }}{{ $_ := set $.out "OTEL_LOGS_EXPORTER" "none" }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* Variables from secrets, a YAML map of name to {name, key}; dict root, name, workload. */}}
{{- define "redress.secretEnv" -}}
{{- $values := .root.Values -}}
{{- $out := dict -}}
{{- $db := index $values.postgresql.databases .workload.binary -}}
{{- with $db.existingSecret }}{{ $_ := set $out "PGPASSWORD" (dict "name" . "key" $db.passwordKey) }}{{ end -}}
{{- $user := include "redress.kafkaUser" . | fromYaml -}}
{{- with $user.usernameSecret }}{{ $_ := set $out "REDRESS__KAFKA__SECURITY__SASL_USERNAME" . }}{{ end -}}
{{- with $user.passwordSecret }}{{ $_ := set $out "REDRESS__KAFKA__SECURITY__SASL_PASSWORD" . }}{{ end -}}
{{- if and (has "redis" .workload.uses) $values.redis.existingSecret -}}
{{- $_ := set $out "REDRESS__REDIS__URL" (dict "name" $values.redis.existingSecret "key" $values.redis.urlKey) -}}
{{- end -}}
{{- if and (eq .workload.binary "investigation") $values.evidence.s3.existingSecret -}}
{{- $s3 := $values.evidence.s3 -}}
{{- $_ := set $out "REDRESS__INVESTIGATION__EVIDENCE__S3__ACCESS_KEY_ID" (dict "name" $s3.existingSecret "key" $s3.accessKeyIdKey) -}}
{{- $_ := set $out "REDRESS__INVESTIGATION__EVIDENCE__S3__SECRET_ACCESS_KEY" (dict "name" $s3.existingSecret "key" $s3.secretAccessKeyKey) -}}
{{- end -}}
{{- range $key, $ref := .workload.secrets -}}
{{- $_ := set $out (printf "REDRESS__%s" (upper $key | replace "." "__")) $ref -}}
{{- end -}}
{{- $out | toYaml -}}
{{- end -}}

{{/* Files that are mounted below /etc/redress, a YAML list of {name, secret or configMap, items: [{key, path}]}; dict root,
name, workload. */}}
{{- define "redress.mountedFiles" -}}
{{- $values := .root.Values -}}
{{- $ours := list -}}
{{- if has "vault" .workload.uses -}}
{{- $ours = append $ours (dict "name" "vault" "secret" $values.vault.existingSecret "keys" (list $values.vault.key)) -}}
{{- end -}}
{{- $kafka := $values.kafka.security -}}
{{- with $kafka.tlsSecret -}}
{{- $ours = append $ours (dict "name" "kafka" "secret" . "keys" (compact (list $kafka.caKey $kafka.certificateKey $kafka.privateKeyKey))) -}}
{{- end -}}
{{- with $values.postgresql.caSecret -}}
{{- $ours = append $ours (dict "name" "postgres" "secret" . "keys" (list $values.postgresql.caKey)) -}}
{{- end -}}
{{- with $values.tls.grpcSecret -}}
{{- $ours = append $ours (dict "name" "grpc" "secret" . "keys" (compact (list "tls.crt" "tls.key" $values.tls.clientCaKey))) -}}
{{- end -}}
{{- $out := list -}}
{{- range concat $ours .workload.files -}}
{{- $items := .items | default list -}}
{{- range .keys }}{{ $items = append $items (dict "key" . "path" .) }}{{ end -}}
{{- $out = append $out (dict "name" .name "secret" (.secret | default "") "configMap" (.configMap | default "") "items" $items) -}}
{{- end -}}
{{- $out | toYaml -}}
{{- end -}}
