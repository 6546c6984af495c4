{{/* Full name of a signer that is written in any of the ways that app.signers takes: (list $ signer). */}}
{{- define "istio-ra.fullSignerName" -}}
{{- $root := index . 0 -}}
{{- $signer := index . 1 -}}
{{- if kindIs "map" $signer -}}
{{- if $signer.namespace -}}
{{- printf "issuers.cert-manager.io/%s.%s" $signer.namespace $signer.name -}}
{{- else -}}
{{- include "istio-ra.fullSignerName" (list $root $signer.name) -}}
{{- end -}}
{{- else if contains "/" $signer -}}
{{- $signer -}}
{{- else if $root.Values.app.signerDomain -}}
{{- printf "%s/%s" $root.Values.app.signerDomain $signer -}}
{{- else -}}
{{- fail (printf "signer %q is a short name, which needs app.signerDomain; set that, or write <domain>/<name>" $signer) -}}
{{- end -}}
{{- end -}}

{{/* Every signer that istio-ra may use, by full name, in order and once: {"names": [...]}. */}}
{{- define "istio-ra.signers" -}}
{{- $written := .Values.app.signers | default list -}}
{{- with .Values.app.defaultSigner -}}{{- $written = append $written . -}}{{- end -}}
{{- with .Values.app.servingCertificate.signer -}}{{- $written = append $written . -}}{{- end -}}
{{- range (.Values.app.signerPolicy).rules -}}
{{- $written = concat $written .signers -}}
{{- with .default -}}{{- $written = append $written . -}}{{- end -}}
{{- end -}}
{{- $names := list -}}
{{- range $written -}}
{{- $names = append $names (include "istio-ra.fullSignerName" (list $ .)) -}}
{{- end -}}
{{- dict "names" (uniq $names) | toJson -}}
{{- end -}}

{{/* cert-manager's namespaced Issuers among them: {"issuers": [{signerName, namespace, name}]}. */}}
{{- define "istio-ra.issuers" -}}
{{- $issuers := list -}}
{{- range (include "istio-ra.signers" . | fromJson).names -}}
{{- if hasPrefix "issuers.cert-manager.io/" . -}}
{{- $path := trimPrefix "issuers.cert-manager.io/" . -}}
{{- if not (contains "." $path) -}}
{{- fail (printf "signer %q names no namespace; write issuers.cert-manager.io/<namespace>.<issuer>, or {name, namespace}" .) -}}
{{- end -}}
{{- $namespace := regexFind "^[^.]+" $path -}}
{{- $issuers = append $issuers (dict "signerName" . "namespace" $namespace "name" (trimPrefix (printf "%s." $namespace) $path)) -}}
{{- end -}}
{{- end -}}
{{- dict "issuers" $issuers | toJson -}}
{{- end -}}

{{/* cert-manager's ClusterIssuers among them: {"names": [...]}. */}}
{{- define "istio-ra.clusterIssuers" -}}
{{- $names := list -}}
{{- range (include "istio-ra.signers" . | fromJson).names -}}
{{- if hasPrefix "clusterissuers.cert-manager.io/" . -}}
{{- $names = append $names (trimPrefix "clusterissuers.cert-manager.io/" .) -}}
{{- end -}}
{{- end -}}
{{- dict "names" $names | toJson -}}
{{- end -}}
