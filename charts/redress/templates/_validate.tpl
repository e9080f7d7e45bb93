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
{{- $derived := and $sasl $values.strimzi.enabled $values.strimzi.users (not $values.kafka.security.existingSecret) -}}
{{- if and $derived (eq $values.migrations.mode "hook") }}{{ $wrong = append $wrong "migrations.mode: a hook runs before Strimzi has made the users; use job" }}{{ end -}}
{{- if and (eq $values.migrations.mode "hook") $values.externalSecrets.enabled }}{{ $wrong = append $wrong "migrations.mode: a hook runs before External Secrets has made the secrets; use job" }}{{ end -}}
{{- if and $values.strimzi.enabled $values.migrations.topics }}{{ $wrong = append $wrong "migrations.topics: set it to false, Strimzi makes the topics" }}{{ end -}}
{{- if and $values.strimzi.enabled (not $values.strimzi.cluster) }}{{ $wrong = append $wrong "strimzi.cluster: name the Kafka object" }}{{ end -}}
{{- if and $values.externalSecrets.enabled (not $values.externalSecrets.secretStoreRef.name) }}{{ $wrong = append $wrong "externalSecrets.secretStoreRef.name: name the store" }}{{ end -}}
{{- if and $values.ingress.enabled (not $values.ingress.host) }}{{ $wrong = append $wrong "ingress.host: name the host" }}{{ end -}}
{{- if and $values.gateway.enabled (not $values.gateway.parentRefs) }}{{ $wrong = append $wrong "gateway.parentRefs: name a Gateway" }}{{ end -}}
{{- if and $values.tls.clientCaKey (not $values.tls.grpcSecret) }}{{ $wrong = append $wrong "tls.clientCaKey: is a key of tls.grpcSecret, which is not named" }}{{ end -}}
{{- if $values.externalSecrets.enabled -}}
{{- $secrets := include "redress.secrets" . | fromYaml -}}
{{- range $values.externalSecrets.except -}}
{{- if not (hasKey $secrets .) }}{{ $wrong = append $wrong (printf "externalSecrets.except: the release reads no secret %s" .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $wrong = concat $wrong (include "redress.validateKeda" . | fromYamlArray) (include "redress.validateNetwork" . | fromYamlArray) -}}
{{- range $name, $workload := $workloads -}}
{{- $user := include "redress.kafkaUser" (dict "root" $ "name" $name "workload" $workload) | fromYaml -}}
{{- if and $sasl (not (and $user.passwordSecret (or $user.username $user.usernameSecret))) }}{{ $wrong = append $wrong "kafka.security.existingSecret: SASL needs the secret with user and password, or strimzi.users, or services.<name>.secrets with kafka.security.sasl_password for every service" }}{{ end -}}
{{- range $workload.files -}}
{{- if has .name (list "vault" "kafka" "postgres" "grpc" "tmp" "evidence") }}{{ $wrong = append $wrong (printf "services.%s.files: %s is a name of the chart's own; choose another" $name .name) }}{{ end -}}
{{- end -}}
{{- $db := index $values.postgresql.databases $workload.binary -}}
{{- if not (or $db.host $values.postgresql.host) }}{{ $wrong = append $wrong (printf "postgresql.host: name the server, or postgresql.databases.%s.host" $workload.binary) }}{{ end -}}
{{- if and (has "redis" $workload.uses) (not (or $values.redis.url $values.redis.existingSecret)) }}{{ $wrong = append $wrong "redis.url: name it, or the secret that holds it in redis.existingSecret" }}{{ end -}}
{{- if and (has "vault" $workload.uses) (not $values.vault.existingSecret) }}{{ $wrong = append $wrong "vault.existingSecret: name the secret with the tenants' key file" }}{{ end -}}
{{- $scaler := include "redress.scaler" (dict "root" $ "workload" $workload) -}}
{{- if and (ne $scaler "nobody") (lt (int $workload.maxReplicas) (int $workload.replicas)) }}{{ $wrong = append $wrong (printf "services.%s.maxReplicas: is below replicas" $name) }}{{ end -}}
{{- if and (eq $scaler "keda") (gt (int $workload.maxReplicas) $partitions) }}{{ $wrong = append $wrong (printf "services.%s.maxReplicas: %d replicas for %d partitions; the others would idle" $name (int $workload.maxReplicas) $partitions) }}{{ end -}}
{{- if eq $workload.binary "investigation" -}}
{{- $evidence := $values.evidence -}}
{{- $most := ternary (int $workload.replicas) (max (int $workload.replicas) (int $workload.maxReplicas) | int) (eq $scaler "nobody") -}}
{{- if and (eq (include "redress.ownsClaim" (dict "root" $ "workload" $workload)) "true") (gt $most 1) }}{{ $wrong = append $wrong (printf "evidence.claimAccessMode: up to %d pods of investigation mount the claim; it must be ReadWriteMany, or services.investigation.replicas and maxReplicas 1" $most) }}{{ end -}}
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

{{/* KEDA asks the same brokers, and needs the same ways in; a YAML list of sentences. */}}
{{- define "redress.validateKeda" -}}
{{- $wrong := list -}}
{{- $keda := .Values.autoscaling.keda -}}
{{- $security := .Values.kafka.security -}}
{{- if $keda.enabled -}}
{{- $sasl := get (dict "PLAIN" "plaintext" "SCRAM-SHA-256" "scram_sha256" "SCRAM-SHA-512" "scram_sha512") $security.saslMechanism | default "none" -}}
{{- if ne $keda.sasl $sasl }}{{ $wrong = append $wrong (printf "autoscaling.keda.sasl: is %s, but kafka.security makes it %s" $keda.sasl $sasl) }}{{ end -}}
{{- $tls := hasSuffix "ssl" $security.protocol -}}
{{- if ne $keda.tls $tls }}{{ $wrong = append $wrong (printf "autoscaling.keda.tls: is %t, but kafka.security.protocol makes it %t" $keda.tls $tls) }}{{ end -}}
{{- if and (ne $keda.sasl "none") (not $keda.authenticationRef) }}{{ $wrong = append $wrong "autoscaling.keda.authenticationRef: SASL needs a TriggerAuthentication with user and password" }}{{ end -}}
{{- end -}}
{{- $wrong | toYaml -}}
{{- end -}}

{{/* What policies deny though the values name it; a YAML list of sentences. */}}
{{- define "redress.validateNetwork" -}}
{{- $wrong := list -}}
{{- $values := .Values -}}
{{- $policy := $values.networkPolicy -}}
{{- if $policy.enabled -}}
{{- $used := dict "kafka" list "postgresql" list "redis" list "otlp" list -}}
{{- range compact (splitList "," $values.kafka.bootstrapServers) }}{{ $_ := set $used "kafka" (append $used.kafka (splitList ":" . | last)) }}{{ end -}}
{{- range $_, $workload := include "redress.workloads" . | fromYaml -}}
{{- $db := index $values.postgresql.databases $workload.binary -}}
{{- $_ := set $used "postgresql" (append $used.postgresql (default $values.postgresql.port $db.port)) -}}
{{- end -}}
{{- if and $values.redis.url (not $values.redis.existingSecret) }}{{ $_ := set $used "redis" (append $used.redis (include "redress.urlPort" (dict "url" $values.redis.url "default" "6379"))) }}{{ end -}}
{{- with $values.telemetry.otlpEndpoint }}{{ $_ := set $used "otlp" (append $used.otlp (include "redress.urlPort" (dict "url" . "default" (ternary "443" "80" (hasPrefix "https:" .))))) }}{{ end -}}
{{- range $target, $ports := $used -}}
{{- $open := list -}}
{{- range (index $policy $target).ports }}{{ $open = append $open (int .) }}{{ end -}}
{{- range $ports -}}
{{- if and $open (not (has (int .) $open)) }}{{ $wrong = append $wrong (printf "networkPolicy.%s.ports: lacks %d, which the values name" $target (int .)) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if and (or $values.ingress.enabled $values.gateway.enabled) (not $policy.callers) }}{{ $wrong = append $wrong "networkPolicy.callers: name the pods of the Ingress controller or Gateway, or nothing gets in" }}{{ end -}}
{{- if and $values.monitoring.podMonitor.enabled (not $policy.monitoring) }}{{ $wrong = append $wrong "networkPolicy.monitoring: name the pods of Prometheus, or nothing is scraped" }}{{ end -}}
{{- end -}}
{{- $wrong | toYaml -}}
{{- end -}}

{{/* The port of a URL, its scheme's if it names none; dict url, default. */}}
{{- define "redress.urlPort" -}}
{{- regexFind ":[0-9]+$" (index (urlParse .url) "host") | trimPrefix ":" | default .default -}}
{{- end -}}
