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

{{- define "istio-ra.args" -}}
{{- $app := .Values.app -}}
- serve
{{- if not $app.servingCertificate.signer }}
- --tlsCertFile=/var/run/secrets/istiod/tls/tls.crt
- --tlsKeyFile=/var/run/secrets/istiod/tls/tls.key
{{- end }}
{{- with $app.servingCertificate.extraRoots }}
{{- if or .configMap .secret }}
- --caCertFile=/etc/istio-ra/extra-roots/{{ .key }}
{{- end }}
{{- end }}
{{- if or $app.meshConfig.inline $app.meshConfig.configMap }}
- --meshConfig=/etc/istio-ra/mesh/mesh
{{- end }}
{{- if $app.signerPolicy }}
- --signerPolicy=/etc/istio-ra/signer-policy/policy.yaml
{{- end }}
{{- if $app.oidcIssuers }}
- --oidcIssuers=/etc/istio-ra/oidc-issuers/issuers.yaml
{{- end }}
{{- if $app.remoteClusters }}
- --remoteClusters=/etc/istio-ra/remote-clusters/clusters.yaml
{{- end }}
{{- with $app.clusterAliases }}
- --clusterAliases={{ join "," . }}
{{- end }}
{{- with $app.tlsPolicy }}
{{- with .minVersion }}
- --tls-min-version={{ . }}
{{- end }}
{{- with .cipherSuites }}
- --tls-cipher-suites={{ join "," . }}
{{- end }}
{{- end }}
- --debugAddr=127.0.0.1:{{ $app.debug.port }}
{{- if $app.debug.reflection }}
- --grpcReflection=true
{{- end }}
- --log_output_level=default:{{ $app.logging.level }}{{ range $scope, $level := $app.logging.scopes }},{{ $scope }}:{{ $level }}{{ end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The environment as a map of texts; what is empty is left out. */}}
{{- define "istio-ra.settings" -}}
{{- $app := .Values.app -}}
{{- $namesOfOurs := prepend $app.servingCertificate.dnsNames (printf "%s.%s.svc" (include "istio-ra.serviceName" .) .Release.Namespace) -}}
{{- $settings := dict
  "CERT_SIGNER_DOMAIN" $app.signerDomain
  "CSR_APPROVAL" $app.approval
  "PROXY_CONFIGS" $app.proxyConfigs
  "TOKEN_AUDIENCES" (join "," $app.tokenAudiences)
  "CLUSTER_ID" $app.clusterId
  "REVISION" $app.revision
  "CA_TRUSTED_NODE_ACCOUNTS" (join "," $app.trustedNodeAccounts)
  "CLIENT_CERT_IDENTITIES" (join "," $app.clientCertIdentities)
  "SHARED_MESH_CONFIG" $app.meshConfig.sharedConfigMap
  "TRUST_UNBOUND_ROOTS" (ternary "true" "" $app.trustUnboundRoots)
  "DEFAULT_WORKLOAD_CERT_TTL" $app.lifetimes.default
  "MAX_WORKLOAD_CERT_TTL" $app.lifetimes.max
  "REQUEST_BUDGET" $app.budgets.request
  "COMPLIANCE_POLICY" $app.tlsPolicy.compliance
  "ISTIOD_CUSTOM_HOST" (join "," (uniq $namesOfOurs))
  "ENABLE_LEADER_ELECTION" (ternary "true" "false" $app.leaderElection.enabled)
  "CLUSTER_TRUST_BUNDLES" (ternary "true" "" $app.clusterTrustBundles.enabled)
-}}
{{- with $app.defaultSigner -}}
{{- $_ := set $settings "K8S_SIGNER" (include "istio-ra.fullSignerName" (list $ .)) -}}
{{- end -}}
{{- with $app.servingCertificate -}}
{{- if .signer -}}
{{- $_ := set $settings "PILOT_CERT_PROVIDER" (printf "k8s.io/%s" (include "istio-ra.fullSignerName" (list $ .signer))) -}}
{{- $_ := set $settings "SERVING_CERT_TTL" .ttl -}}
{{- end -}}
{{- end -}}
{{- if include "istio-ra.distributesRoots" . -}}
{{- $_ := set $settings "DISTRIBUTE_ROOTS" "true" -}}
{{- $_ := set $settings "PILOT_CA_CERT_CONFIGMAP" $app.rootDistribution.configMapName -}}
{{- end -}}
{{- if include "istio-ra.keepsIstiodTls" . -}}
{{- $_ := set $settings "ISTIOD_TLS_SECRET" $app.istiodTls.secretName -}}
{{- end -}}
{{- if eq .Values.mode "front" -}}
{{- $_ := set $settings "ISTIOD_UPSTREAM" (include "istio-ra.upstreamHost" .) -}}
{{- $_ := set $settings "ISTIOD_UPSTREAM_SERVER_NAME" .Values.front.upstreamServerName -}}
{{- with .Values.front.upstreamRoots -}}
{{- if or .configMap .secret -}}
{{- $_ := set $settings "ISTIOD_UPSTREAM_ROOTS" (printf "/etc/istio-ra/upstream-roots/%s" .key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with $app.audit -}}
{{- if eq .target "file" -}}
{{- $_ := set $settings "AUDIT_LOG" "/var/log/istio-ra/audit-$(POD_NAME).jsonl" -}}
{{- $_ := set $settings "AUDIT_LOG_MAX_MEGABYTES" (int .maxMegabytes | toString) -}}
{{- $_ := set $settings "AUDIT_LOG_MAX_FILES" (int .maxFiles | toString) -}}
{{- $_ := set $settings "AUDIT_LOG_FSYNC" (ternary "true" "" .fsync) -}}
{{- end -}}
{{- end -}}
{{- toJson $settings -}}
{{- end -}}

{{- define "istio-ra.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
# Name look-ups and cryptography of Node share these threads.
- name: UV_THREADPOOL_SIZE
  value: '8'
{{- range $name, $value := include "istio-ra.settings" . | fromJson }}
{{- if $value }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
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
{{- with .Values.app -}}
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
{{- with .Values.app -}}
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
