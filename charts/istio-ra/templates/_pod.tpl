{{/* What node is told, before our own program. */}}
{{- define "istio-ra.command" -}}
- /nodejs/bin/node
{{- with ((.Values.resources).limits).memory }}
- --max-old-space-size={{ include "istio-ra.mebibytes" . | float64 | mulf 0.6 | floor | int }}
{{- end }}
- --unhandled-rejections=throw
- --disable-proto=delete
- --max-semi-space-size=4
- --heap-growing-percent=30
- --expose-gc
- /app/dist/istio-ra.js
{{- end -}}

{{/* No setting is an argument of the chart's own: they would reach `serve` and no other command in the pod. */}}
{{- define "istio-ra.args" -}}
- serve
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What differs from pod to pod, and what is no setting; `kubectl exec` hands it on to every command. */}}
{{- define "istio-ra.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: SERVICE_ACCOUNT
  valueFrom:
    fieldRef:
      fieldPath: spec.serviceAccountName
# All other settings.
- name: ISTIO_RA_CONFIG
  value: /etc/istio-ra/settings.yaml
{{- if eq .Values.app.audit.target "file" }}
- name: AUDIT_LOG
  value: /var/log/istio-ra/audit-$(POD_NAME).jsonl
{{- end }}
# Name look-ups and cryptography of Node share these threads.
- name: UV_THREADPOOL_SIZE
  value: '8'
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* One volume of a ConfigMap or a Secret: (dict name configMap secret). */}}
{{- define "istio-ra.rootsVolume" -}}
- name: {{ .name }}
  {{- if .configMap }}
  configMap:
    name: {{ .configMap }}
  {{- else }}
  secret:
    secretName: {{ .secret }}
  {{- end }}
{{- end -}}

{{- define "istio-ra.volumes" -}}
{{- $fullname := include "istio-ra.fullname" . -}}
- name: settings
  configMap:
    name: {{ $fullname }}-settings
{{- with .Values.app }}
{{- if not .servingCertificate.signer }}
- name: serving-certificate
  secret:
    secretName: {{ .servingCertificate.secretName }}
    defaultMode: 0440
{{- end }}
{{- with .servingCertificate.extraRoots }}
{{- if or .configMap .secret }}
{{ include "istio-ra.rootsVolume" (dict "name" "extra-roots" "configMap" .configMap "secret" .secret) }}
{{- end }}
{{- end }}
{{- if or .meshConfig.inline .meshConfig.configMap }}
- name: mesh
  configMap:
    name: {{ default (printf "%s-mesh" $fullname) .meshConfig.configMap }}
{{- end }}
{{- range $key, $name := dict "signerPolicy" "signer-policy" "oidcIssuers" "oidc-issuers" "remoteClusters" "remote-clusters" }}
{{- if index $.Values.app $key }}
- name: {{ $name }}
  configMap:
    name: {{ $fullname }}-{{ $name }}
{{- end }}
{{- end }}
{{- if eq .audit.target "file" }}
- name: audit
  {{- toYaml .audit.volume | nindent 2 }}
{{- end }}
{{- end }}
{{- if eq .Values.mode "front" }}
{{- with .Values.front.upstreamRoots }}
{{- if or .configMap .secret }}
{{ include "istio-ra.rootsVolume" (dict "name" "upstream-roots" "configMap" .configMap "secret" .secret) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "istio-ra.volumeMounts" -}}
# By its subPath this file stays as it was when the container began: whoever looks at the settings later,
# such as istio-ra check, sees those that the container runs with.
- name: settings
  mountPath: /etc/istio-ra/settings.yaml
  subPath: settings.yaml
  readOnly: true
{{- with .Values.app }}
{{- if not .servingCertificate.signer }}
- name: serving-certificate
  mountPath: /var/run/secrets/istiod/tls
  readOnly: true
{{- end }}
{{- if or .servingCertificate.extraRoots.configMap .servingCertificate.extraRoots.secret }}
- name: extra-roots
  mountPath: /etc/istio-ra/extra-roots
  readOnly: true
{{- end }}
{{- if or .meshConfig.inline .meshConfig.configMap }}
- name: mesh
  mountPath: /etc/istio-ra/mesh
  readOnly: true
{{- end }}
{{- range $key, $name := dict "signerPolicy" "signer-policy" "oidcIssuers" "oidc-issuers" "remoteClusters" "remote-clusters" }}
{{- if index $.Values.app $key }}
- name: {{ $name }}
  mountPath: /etc/istio-ra/{{ $name }}
  readOnly: true
{{- end }}
{{- end }}
{{- if eq .audit.target "file" }}
- name: audit
  mountPath: /var/log/istio-ra
{{- end }}
{{- end }}
{{- if eq .Values.mode "front" }}
{{- if or .Values.front.upstreamRoots.configMap .Values.front.upstreamRoots.secret }}
- name: upstream-roots
  mountPath: /etc/istio-ra/upstream-roots
  readOnly: true
{{- end }}
{{- end }}
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}
