{{/* Binds a Role to istio-ra's account: (list $ namespace role). */}}
{{- define "istio-ra.roleBinding" -}}
{{- $root := index . 0 -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ index . 2 }}
  namespace: {{ index . 1 }}
  labels:
    {{- include "istio-ra.labels" $root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: {{ index . 2 }}
subjects:
  - kind: ServiceAccount
    name: {{ include "istio-ra.serviceAccountName" $root }}
    namespace: {{ $root.Release.Namespace }}
{{- end -}}
