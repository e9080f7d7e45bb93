{{/* Names. All are quoted where they are used: a release may be called "y" or "null". */}}
{{- define "redress.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 36 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 36 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 36 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels of an object; dict root, and name for those of one workload. */}}
{{- define "redress.labels" -}}
{{ include "redress.selector" . }}
app.kubernetes.io/part-of: redress
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_") | quote }}
{{- end -}}

{{/* Labels that never change, for selectors. */}}
{{- define "redress.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- with .name }}
app.kubernetes.io/component: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* Image of a binary; dict root, binary. */}}
{{- define "redress.image" -}}
{{- $image := .root.Values.image -}}
{{- $name := printf "%s/%s" $image.prefix .binary | trimPrefix "/" -}}
{{- if $image.registry }}{{ $name = printf "%s/%s" $image.registry $name }}{{ end -}}
{{- $digest := index $image.digests .binary -}}
{{- if $digest -}}
{{- printf "%s@%s" $name $digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .root.Chart.AppVersion $image.tag | toString) -}}
{{- end -}}
{{- end -}}

{{- define "redress.serviceAccount" -}}
{{- if .root.Values.serviceAccount.create -}}
{{- printf "%s-%s" (include "redress.fullname" .root) .name -}}
{{- else -}}
default
{{- end -}}
{{- end -}}
