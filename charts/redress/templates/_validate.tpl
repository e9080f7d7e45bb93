{{/* What the schema cannot say, one sentence per mistake, all at once. */}}
{{- define "redress.validate" -}}
{{- $values := .Values -}}
{{- $wrong := list -}}
{{- $workloads := include "redress.workloads" . | fromYaml -}}
{{- $partitions := include "redress.partitions" . | int -}}
{{- if not (regexMatch "^[a-z]" (include "redress.fullname" .)) }}{{ $wrong = append $wrong "fullnameOverride: give a name that begins with a letter; a Service's must" }}{{ end -}}
{{- if not $values.kafka.bootstrapServers }}{{ $wrong = append $wrong "kafka.bootstrapServers: name your brokers, host:port" }}{{ end -}}
{{- if not $values.auth.issuer }}{{ $wrong = append $wrong "auth.issuer: name the issuer of your tokens" }}{{ end -}}
{{- if not $values.auth.jwks }}{{ $wrong = append $wrong "auth.jwks: name the URL of the issuer's keys" }}{{ end -}}
{{- $sasl := hasPrefix "sasl_" $values.kafka.security.protocol -}}
{{- if ne $sasl (ne $values.kafka.security.saslMechanism "") }}{{ $wrong = append $wrong "kafka.security.saslMechanism: is given exactly if the protocol is sasl_plaintext or sasl_ssl" }}{{ end -}}
{{- if and $sasl (not $values.kafka.security.existingSecret) }}{{ $wrong = append $wrong "kafka.security.existingSecret: SASL needs the secret with user and password" }}{{ end -}}
{{- if and (eq $values.migrations.mode "hook") $values.externalSecrets.enabled }}{{ $wrong = append $wrong "migrations.mode: a hook runs before External Secrets has made the secrets; use job" }}{{ end -}}
{{- if and $values.strimzi.enabled $values.migrations.topics }}{{ $wrong = append $wrong "migrations.topics: set it to false, Strimzi makes the topics" }}{{ end -}}
{{- if and $values.strimzi.enabled (not $values.strimzi.cluster) }}{{ $wrong = append $wrong "strimzi.cluster: name the Kafka object" }}{{ end -}}
{{- if and $values.externalSecrets.enabled (not $values.externalSecrets.secretStoreRef.name) }}{{ $wrong = append $wrong "externalSecrets.secretStoreRef.name: name the store" }}{{ end -}}
{{- if and $values.ingress.enabled (not $values.ingress.host) }}{{ $wrong = append $wrong "ingress.host: name the host" }}{{ end -}}
{{- if and $values.gateway.enabled (not $values.gateway.parentRefs) }}{{ $wrong = append $wrong "gateway.parentRefs: name a Gateway" }}{{ end -}}
{{- if and $values.tls.clientCaKey (not $values.tls.grpcSecret) }}{{ $wrong = append $wrong "tls.clientCaKey: is a key of tls.grpcSecret, which is not named" }}{{ end -}}
{{- range $name, $workload := $workloads -}}
{{- $db := index $values.postgresql.databases $workload.binary -}}
{{- if not (or $db.host $values.postgresql.host) }}{{ $wrong = append $wrong (printf "postgresql.host: name the server, or postgresql.databases.%s.host" $workload.binary) }}{{ end -}}
{{- if and (has "redis" $workload.uses) (not (or $values.redis.url $values.redis.existingSecret)) }}{{ $wrong = append $wrong "redis.url: name it, or the secret that holds it in redis.existingSecret" }}{{ end -}}
{{- if and (has "vault" $workload.uses) (not $values.vault.existingSecret) }}{{ $wrong = append $wrong "vault.existingSecret: name the secret with the tenants' key file" }}{{ end -}}
{{- $scaler := include "redress.scaler" (dict "root" $ "workload" $workload) -}}
{{- if and (ne $scaler "nobody") (lt (int $workload.maxReplicas) (int $workload.replicas)) }}{{ $wrong = append $wrong (printf "services.%s.maxReplicas: is below replicas" $name) }}{{ end -}}
{{- if and (eq $scaler "keda") (gt (int $workload.maxReplicas) $partitions) }}{{ $wrong = append $wrong (printf "services.%s.maxReplicas: %d replicas for %d partitions; the others would idle" $name (int $workload.maxReplicas) $partitions) }}{{ end -}}
{{- if eq $workload.binary "investigation" -}}
{{- $evidence := $values.evidence -}}
{{- range $key, $store := dict "store" $evidence.store "sensitiveStore" $evidence.sensitiveStore -}}
{{- if not $store }}{{ $wrong = append $wrong (printf "evidence.%s: name where evidence goes, for example s3://bucket/evidence" $key) -}}
{{- else if and (hasPrefix "file://" $store) (not (and $evidence.existingClaim (hasPrefix "file:///var/lib/redress/" $store))) }}{{ $wrong = append $wrong (printf "evidence.%s: a file:// store must be below /var/lib/redress, on evidence.existingClaim; else a restart loses evidence" $key) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\n  - %s\n" (join "\n  - " (uniq $wrong))) -}}
{{- end -}}
{{- end -}}
