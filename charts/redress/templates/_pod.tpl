{{/* What every container of ours may do: nothing but run. */}}
{{- define "redress.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The group is that of mounted secrets: their owner is root, and the process is not. */}}
{{- define "redress.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* Variables of a container whose open ones come from the ConfigMap; dict root, name, workload. Names are unique by
being keys of a map: Helm 4 refuses duplicates. */}}
{{- define "redress.containerEnv" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ printf "service.instance.id=$(POD_NAME),k8s.pod.name=$(POD_NAME),k8s.namespace.name=%s,deployment.environment.name=%s" .root.Release.Namespace .root.Values.telemetry.environment | quote }}
{{ include "redress.secretEnvList" . }}
{{- end -}}

{{- define "redress.secretEnvList" -}}
{{- range $variable, $ref := include "redress.secretEnv" . | fromYaml }}
- name: {{ $variable | quote }}
  valueFrom:
    secretKeyRef:
      name: {{ $ref.name | quote }}
      key: {{ $ref.key | quote }}
{{- end }}
{{- end -}}

{{- define "redress.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- range include "redress.mountedFiles" . | fromYamlArray }}
- name: {{ .name | quote }}
  mountPath: {{ printf "/etc/redress/%s" .name | quote }}
  readOnly: true
{{- end }}
{{- if and (eq .workload.binary "investigation") .root.Values.evidence.existingClaim }}
- name: evidence
  mountPath: /var/lib/redress
{{- end }}
{{- end -}}

{{- define "redress.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- range include "redress.mountedFiles" . | fromYamlArray }}
- name: {{ .name | quote }}
  {{- if .secret }}
  secret:
    secretName: {{ .secret | quote }}
  {{- else }}
  configMap:
    name: {{ .configMap | quote }}
  {{- end }}
    # The group reads, nobody else: a key file open to others is refused at the start.
    defaultMode: 0440
    items:
      {{- range .items }}
      - {key: {{ .key | quote }}, path: {{ .path | quote }}}
      {{- end }}
{{- end }}
{{- if and (eq .workload.binary "investigation") .root.Values.evidence.existingClaim }}
- name: evidence
  persistentVolumeClaim:
    claimName: {{ .root.Values.evidence.existingClaim | quote }}
{{- end }}
{{- end -}}

{{/* Image of the pod of helm test: behind image.registry unless it names a registry itself, as a container runtime tells. */}}
{{- define "redress.testImage" -}}
{{- $image := .Values.test.image -}}
{{- $first := first (splitList "/" $image) -}}
{{- $names := and (contains "/" $image) (or (eq $first "localhost") (contains "." $first) (contains ":" $first)) -}}
{{- if and .Values.image.registry (not $names) -}}
{{- printf "%s/%s" .Values.image.registry $image -}}
{{- else -}}
{{- $image -}}
{{- end -}}
{{- end -}}

{{/* A workload as its commands that end see it: they seal nothing and get no keys; dict root, name, workload. */}}
{{- define "redress.setupWorkload" -}}
{{- set (deepCopy .workload) "uses" (without .workload.uses "vault") | toYaml -}}
{{- end -}}

{{/* One command of a service in a container that ends: migrate, topics; dict root, name, workload, command,
configMap (none in a hook, which runs before there is one). */}}
{{- define "redress.setupContainer" -}}
{{- $_ := set . "workload" (include "redress.setupWorkload" . | fromYaml) -}}
- name: {{ .command }}
  image: {{ include "redress.image" (dict "root" .root "binary" .workload.binary) | quote }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: [{{ .command }}]
  {{- with .configMap }}
  envFrom:
    - configMapRef:
        name: {{ . | quote }}
  {{- end }}
  {{- $secrets := include "redress.secretEnvList" . }}
  {{- if or $secrets (not .configMap) }}
  env:
    {{- if not .configMap }}
    {{- range $variable, $value := include "redress.env" . | fromYaml }}
    - name: {{ $variable | quote }}
      value: {{ $value | quote }}
    {{- end }}
    {{- end }}
    {{- $secrets | nindent 4 }}
  {{- end }}
  resources:
    {{- toYaml .root.Values.migrations.resources | nindent 4 }}
  securityContext:
    {{- include "redress.containerSecurity" . | nindent 4 }}
  volumeMounts:
    {{- include "redress.volumeMounts" . | nindent 4 }}
{{- end -}}
