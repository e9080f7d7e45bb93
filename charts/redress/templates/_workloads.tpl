{{/* The profile in force, as YAML. */}}
{{- define "redress.profile" -}}
{{- .Files.Get (printf "files/profiles/%s.yaml" .Values.profile) -}}
{{- end -}}

{{/* Every enabled workload with its settings, as YAML: what the code is < profile < values.defaults < values.services. */}}
{{- define "redress.workloads" -}}
{{- $profile := include "redress.profile" . | fromYaml -}}
{{- $all := dict -}}
{{- range $name, $fixed := .Files.Get "files/workloads.yaml" | fromYaml -}}
{{- $own := index $.Values.services $name | default dict -}}
{{- if ne (toString (dig "enabled" true $own)) "false" -}}
{{- $sized := index $profile.workloads $name | default dict -}}
{{- $merged := mergeOverwrite (dict "http" list "httpShared" list "httpRegex" list "uses" list "consumes" list "config" dict) (deepCopy $profile.defaults) (deepCopy $.Values.defaults) (deepCopy $sized) (deepCopy $own) -}}
{{- $_ := set $merged "config" (mergeOverwrite (deepCopy $.Values.defaults.config) (deepCopy ($own.config | default dict)) (deepCopy ($fixed.config | default dict))) -}}
{{- $files := dict -}}
{{- range concat $.Values.defaults.files ($own.files | default list) }}{{ $_ := set $files .name . }}{{ end -}}
{{- $sorted := list -}}
{{- range $files }}{{ $sorted = append $sorted . }}{{ end -}}
{{- $_ := set $merged "files" $sorted -}}
{{- $_ := set $merged "fixed" $fixed -}}
{{- $_ := set $all $name (mergeOverwrite $merged (omit (deepCopy $fixed) "config")) -}}
{{- end -}}
{{- end -}}
{{- $all | toYaml -}}
{{- end -}}

{{/* The workload of each binary that stands for it in Jobs: the first by name. */}}
{{- define "redress.binaries" -}}
{{- $first := dict -}}
{{- range $name, $workload := include "redress.workloads" . | fromYaml -}}
{{- if not (hasKey $first $workload.binary) }}{{ $_ := set $first $workload.binary $name }}{{ end -}}
{{- end -}}
{{- $first | toYaml -}}
{{- end -}}

{{/* Who scales a workload: hpa, keda or nobody; dict root, workload. */}}
{{- define "redress.scaler" -}}
{{- $scaling := .root.Values.autoscaling -}}
{{- if and (eq .workload.scalesOn "cpu") $scaling.hpa.enabled }}hpa
{{- else if and (eq .workload.scalesOn "lag") $scaling.keda.enabled }}keda
{{- else }}nobody
{{- end -}}
{{- end -}}

{{/* "true" for the workload that has the claim of evidence to itself; dict root, workload. */}}
{{- define "redress.ownsClaim" -}}
{{- $evidence := .root.Values.evidence -}}
{{- and (eq .workload.binary "investigation") (ne $evidence.existingClaim "") (eq $evidence.claimAccessMode "ReadWriteOnce") -}}
{{- end -}}

{{- define "redress.partitions" -}}
{{- $profile := include "redress.profile" . | fromYaml -}}
{{- .Values.kafka.partitions | default $profile.kafka.partitions | int -}}
{{- end -}}

{{/* Every secret that the release reads, with its keys, as YAML. */}}
{{- define "redress.secrets" -}}
{{- $found := dict -}}
{{- range $name, $workload := include "redress.workloads" . | fromYaml -}}
{{- $context := dict "root" $ "name" $name "workload" $workload -}}
{{- range $_, $ref := include "redress.secretEnv" $context | fromYaml -}}
{{- $_ := set $found $ref.name (append (index $found $ref.name | default list) $ref.key | uniq) -}}
{{- end -}}
{{- range include "redress.mountedFiles" $context | fromYamlArray -}}
{{- if .secret -}}
{{- $keys := index $found .secret | default list -}}
{{- range .items }}{{ $keys = append $keys .key }}{{ end -}}
{{- $_ := set $found .secret (uniq $keys) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $found | toYaml -}}
{{- end -}}
