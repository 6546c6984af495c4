{{/*
What istio-ra is told, in the form that `istio-ra serve --config` reads: what the other values come to, and the
value `settings`. What is empty is left out.
*/}}
{{- define "istio-ra.settings" -}}
{{- $settings := dict -}}
{{- range $name, $value := include "istio-ra.settingsOfValues" . | fromJson -}}
{{- if $value -}}
{{- $_ := set $settings $name $value -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := .Values.settings -}}
{{- $_ := set $settings $name $value -}}
{{- end -}}
{{- toYaml $settings -}}
{{- end -}}

{{/* What all values but `settings` come to, JSON; some of it is empty. */}}
{{- define "istio-ra.settingsOfValues" -}}
{{- $app := .Values.app -}}
{{- $settings := dict
  "CERT_SIGNER_DOMAIN" $app.signerDomain
  "CSR_APPROVAL" $app.approval
  "PROXY_CONFIGS" $app.proxyConfigs
  "TOKEN_AUDIENCES" $app.tokenAudiences
  "CLUSTER_ID" $app.clusterId
  "clusterAliases" $app.clusterAliases
  "REVISION" $app.revision
  "CA_TRUSTED_NODE_ACCOUNTS" $app.trustedNodeAccounts
  "CLIENT_CERT_IDENTITIES" $app.clientCertIdentities
  "SHARED_MESH_CONFIG" $app.meshConfig.sharedConfigMap
  "TRUST_UNBOUND_ROOTS" (ternary "true" "" $app.trustUnboundRoots)
  "DEFAULT_WORKLOAD_CERT_TTL" $app.lifetimes.default
  "MAX_WORKLOAD_CERT_TTL" $app.lifetimes.max
  "REQUEST_BUDGET" $app.budgets.request
  "tls-min-version" $app.tlsPolicy.minVersion
  "tls-cipher-suites" $app.tlsPolicy.cipherSuites
  "COMPLIANCE_POLICY" $app.tlsPolicy.compliance
  "ENABLE_LEADER_ELECTION" (ternary "true" "false" $app.leaderElection.enabled)
  "CLUSTER_TRUST_BUNDLES" (ternary "true" "" $app.clusterTrustBundles.enabled)
  "debugAddr" (printf "127.0.0.1:%v" $app.debug.port)
  "grpcReflection" (ternary "true" "" $app.debug.reflection)
  "log_output_level" (include "istio-ra.logLevels" $app.logging)
-}}
{{- range list "ofSigning" "ofFiles" "ofServing" "ofWritten" "ofFront" "ofAudit" -}}
{{- $settings = merge $settings (include (printf "istio-ra.settings.%s" .) $ | fromJson) -}}
{{- end -}}
{{- toJson $settings -}}
{{- end -}}

{{- define "istio-ra.logLevels" -}}
default:{{ .level }}{{ range $scope, $level := .scopes }},{{ $scope }}:{{ $level }}{{ end }}
{{- end -}}

{{- define "istio-ra.settings.ofSigning" -}}
{{- $settings := dict -}}
{{- with .Values.app.defaultSigner -}}
{{- $_ := set $settings "K8S_SIGNER" (include "istio-ra.fullSignerName" (list $ .)) -}}
{{- end -}}
{{- toJson $settings -}}
{{- end -}}

{{/* Where the files lie that other ConfigMaps hold. */}}
{{- define "istio-ra.settings.ofFiles" -}}
{{- $settings := dict -}}
{{- with .Values.app -}}
{{- if or .meshConfig.inline .meshConfig.configMap -}}
{{- $_ := set $settings "meshConfig" "/etc/istio-ra/mesh/mesh" -}}
{{- end -}}
{{- if .signerPolicy -}}
{{- $_ := set $settings "SIGNER_POLICY" "/etc/istio-ra/signer-policy/policy.yaml" -}}
{{- end -}}
{{- if .oidcIssuers -}}
{{- $_ := set $settings "OIDC_ISSUERS" "/etc/istio-ra/oidc-issuers/issuers.yaml" -}}
{{- end -}}
{{- if .remoteClusters -}}
{{- $_ := set $settings "REMOTE_CLUSTERS" "/etc/istio-ra/remote-clusters/clusters.yaml" -}}
{{- end -}}
{{- end -}}
{{- toJson $settings -}}
{{- end -}}

{{- define "istio-ra.settings.ofServing" -}}
{{- $ours := list -}}
{{- range list (include "istio-ra.serviceName" .) (include "istio-ra.ownServiceName" .) -}}
{{- $ours = append $ours (printf "%s.%s.svc" . $.Release.Namespace) -}}
{{- end -}}
{{- with .Values.app.servingCertificate -}}
{{- $settings := dict "ISTIOD_CUSTOM_HOST" (concat $ours .dnsNames | uniq) -}}
{{- if .signer -}}
{{- $_ := set $settings "PILOT_CERT_PROVIDER" (printf "k8s.io/%s" (include "istio-ra.fullSignerName" (list $ .signer))) -}}
{{- $_ := set $settings "SERVING_CERT_TTL" .ttl -}}
{{- else -}}
{{- $_ := set $settings "tlsCertFile" "/var/run/secrets/istiod/tls/tls.crt" -}}
{{- $_ := set $settings "tlsKeyFile" "/var/run/secrets/istiod/tls/tls.key" -}}
{{- end -}}
{{- if or .extraRoots.configMap .extraRoots.secret -}}
{{- $_ := set $settings "caCertFile" (printf "/etc/istio-ra/extra-roots/%s" .extraRoots.key) -}}
{{- end -}}
{{- toJson $settings -}}
{{- end -}}
{{- end -}}

{{/* What is written into the cluster for others. */}}
{{- define "istio-ra.settings.ofWritten" -}}
{{- $settings := dict -}}
{{- if include "istio-ra.distributesRoots" . -}}
{{- $_ := set $settings "DISTRIBUTE_ROOTS" "true" -}}
{{- $_ := set $settings "PILOT_CA_CERT_CONFIGMAP" .Values.app.rootDistribution.configMapName -}}
{{- end -}}
{{- if include "istio-ra.keepsIstiodTls" . -}}
{{- $_ := set $settings "ISTIOD_TLS_SECRET" .Values.app.istiodTls.secretName -}}
{{- end -}}
{{- toJson $settings -}}
{{- end -}}

{{- define "istio-ra.settings.ofFront" -}}
{{- $settings := dict -}}
{{- if eq .Values.mode "front" -}}
{{- $_ := set $settings "ISTIOD_UPSTREAM" (include "istio-ra.upstreamHost" .) -}}
{{- $_ := set $settings "ISTIOD_UPSTREAM_SERVER_NAME" .Values.front.upstreamServerName -}}
{{- with .Values.front.upstreamRoots -}}
{{- if or .configMap .secret -}}
{{- $_ := set $settings "ISTIOD_UPSTREAM_ROOTS" (printf "/etc/istio-ra/upstream-roots/%s" .key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $settings -}}
{{- end -}}

{{/* AUDIT_LOG itself differs from pod to pod and stands in the environment. */}}
{{- define "istio-ra.settings.ofAudit" -}}
{{- $settings := dict -}}
{{- with .Values.app.audit -}}
{{- if eq .target "file" -}}
{{- $_ := set $settings "AUDIT_LOG_MAX_MEGABYTES" (int .maxMegabytes | toString) -}}
{{- $_ := set $settings "AUDIT_LOG_MAX_FILES" (int .maxFiles | toString) -}}
{{- $_ := set $settings "AUDIT_LOG_FSYNC" (ternary "true" "" .fsync) -}}
{{- end -}}
{{- end -}}
{{- toJson $settings -}}
{{- end -}}

{{/* For each setting that other values than `settings` decide on: which ones, JSON. Both of its names are there. */}}
{{- define "istio-ra.valuesOfSettings" -}}
{{- $values := dict
  "CERT_SIGNER_DOMAIN" "app.signerDomain"
  "K8S_SIGNER" "app.defaultSigner"
  "CSR_APPROVAL" "app.approval"
  "PROXY_CONFIGS" "app.proxyConfigs"
  "TOKEN_AUDIENCES" "app.tokenAudiences"
  "CLUSTER_ID clusterID" "app.clusterId"
  "clusterAliases" "app.clusterAliases"
  "REVISION" "app.revision"
  "CA_TRUSTED_NODE_ACCOUNTS" "app.trustedNodeAccounts"
  "CLIENT_CERT_IDENTITIES" "app.clientCertIdentities"
  "SHARED_MESH_CONFIG" "app.meshConfig.sharedConfigMap"
  "meshConfig" "app.meshConfig"
  "TRUST_UNBOUND_ROOTS" "app.trustUnboundRoots"
  "DEFAULT_WORKLOAD_CERT_TTL" "app.lifetimes.default"
  "MAX_WORKLOAD_CERT_TTL" "app.lifetimes.max"
  "REQUEST_BUDGET" "app.budgets.request"
  "tls-min-version" "app.tlsPolicy.minVersion"
  "tls-cipher-suites" "app.tlsPolicy.cipherSuites"
  "COMPLIANCE_POLICY" "app.tlsPolicy.compliance"
  "ENABLE_LEADER_ELECTION" "app.leaderElection.enabled"
  "CLUSTER_TRUST_BUNDLES ENABLE_CLUSTER_TRUST_BUNDLE_API" "app.clusterTrustBundles.enabled"
  "debugAddr" "app.debug.port"
  "grpcReflection" "app.debug.reflection"
  "log_output_level logLevel" "app.logging"
  "SIGNER_POLICY signerPolicy" "app.signerPolicy"
  "OIDC_ISSUERS oidcIssuers" "app.oidcIssuers"
  "REMOTE_CLUSTERS remoteClusters" "app.remoteClusters"
  "ISTIOD_CUSTOM_HOST" "app.servingCertificate.dnsNames"
  "PILOT_CERT_PROVIDER" "app.servingCertificate.signer"
  "SERVING_CERT_TTL" "app.servingCertificate.ttl"
  "tlsCertFile tlsKeyFile" "app.servingCertificate.secretName"
  "caCertFile" "app.servingCertificate.extraRoots"
  "DISTRIBUTE_ROOTS" "app.rootDistribution.enabled"
  "PILOT_CA_CERT_CONFIGMAP" "app.rootDistribution.configMapName"
  "ISTIOD_TLS_SECRET" "app.istiodTls"
  "ISTIOD_UPSTREAM" "front.upstreamHost"
  "ISTIOD_UPSTREAM_SERVER_NAME" "front.upstreamServerName"
  "ISTIOD_UPSTREAM_ROOTS" "front.upstreamRoots"
  "AUDIT_LOG" "app.audit.target"
  "AUDIT_LOG_MAX_MEGABYTES" "app.audit.maxMegabytes"
  "AUDIT_LOG_MAX_FILES" "app.audit.maxFiles"
  "AUDIT_LOG_FSYNC" "app.audit.fsync"
-}}
{{- $byName := dict -}}
{{- range $names, $value := $values -}}
{{- range splitList " " $names -}}
{{- $_ := set $byName . $value -}}
{{- end -}}
{{- end -}}
{{- toJson $byName -}}
{{- end -}}
