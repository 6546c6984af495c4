{{/* What values.schema.json cannot say: contradictions. Each failure says what to set. */}}
{{- define "istio-ra.validate" -}}
{{- $app := .Values.app -}}
{{- if eq .Values.mode "front" -}}
{{- include "istio-ra.validateFront" . -}}
{{- else if .Values.front.upstreamHost -}}
{{- fail (printf "front.upstreamHost has no effect in mode %q: set mode to front, or leave it out" .Values.mode) -}}
{{- end -}}
{{- if and $app.meshConfig.inline $app.meshConfig.configMap -}}
{{- fail "app.meshConfig.inline and app.meshConfig.configMap exclude each other: set one" -}}
{{- end -}}
{{- if and $app.meshConfig.sharedConfigMap (or $app.meshConfig.inline $app.meshConfig.configMap) -}}
{{- fail "app.meshConfig.sharedConfigMap lies under a mesh config from the API: leave out inline and configMap" -}}
{{- end -}}
{{- if eq (toString $app.istiodTls.enabled) "true" -}}
{{- if ne .Values.mode "beside" -}}
{{- fail "app.istiodTls is for an istiod beside: set mode to beside, or app.istiodTls.enabled to auto or false" -}}
{{- end -}}
{{- if not $app.servingCertificate.signer -}}
{{- fail "app.istiodTls.enabled needs app.servingCertificate.signer, which signs istiod's certificate: set it, or app.istiodTls.enabled to auto or false" -}}
{{- end -}}
{{- end -}}
{{- if not (or $app.signerDomain $app.defaultSigner) -}}
{{- fail "set app.signerDomain or app.defaultSigner: without either no request can name a signer" -}}
{{- end -}}
{{- include "istio-ra.validateOneOf" (list "app.servingCertificate.extraRoots" $app.servingCertificate.extraRoots) -}}
{{- include "istio-ra.validateSettings" . -}}
{{- include "istio-ra.validatePods" . -}}
{{- end -}}

{{/* A setting has one value that says it: rights, ports and volumes are rendered from that one too. */}}
{{- define "istio-ra.validateSettings" -}}
{{- $values := include "istio-ra.valuesOfSettings" . | fromJson -}}
{{- $ofPod := list "POD_NAME" "POD_NAMESPACE" "namespace" "SERVICE_ACCOUNT" "config" "ISTIO_RA_CONFIG" -}}
{{- range $name, $_ := .Values.settings -}}
{{- with get $values $name -}}
{{- fail (printf "settings.%s: the chart has another value for this setting: set %s, and leave it out here" $name .) -}}
{{- end -}}
{{- if has $name $ofPod -}}
{{- fail (printf "settings.%s: the pod has it in its environment, from Kubernetes or the chart: leave it out here" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "istio-ra.validateFront" -}}
{{- $front := .Values.front -}}
{{- if not (or $front.upstreamHost $front.upstreamService.create) -}}
{{- fail "mode front needs the real istiod under another name: set front.upstreamHost to its host, or front.upstreamService.create to true" -}}
{{- end -}}
{{- $host := include "istio-ra.upstreamHost" . -}}
{{- $own := list $front.serviceName (printf "%s.%s" $front.serviceName .Release.Namespace) (printf "%s.%s.svc" $front.serviceName .Release.Namespace) (printf "%s.%s.svc.cluster.local" $front.serviceName .Release.Namespace) -}}
{{- if has $host $own -}}
{{- fail (printf "front: %s is the Service that istio-ra takes over, so calls would go round in a circle: give the real istiod another Service" $host) -}}
{{- end -}}
{{- include "istio-ra.validateOneOf" (list "front.upstreamRoots" $front.upstreamRoots) -}}
{{- end -}}

{{- define "istio-ra.validateOneOf" -}}
{{- $roots := index . 1 -}}
{{- if and $roots.configMap $roots.secret -}}
{{- fail (printf "%s: configMap and secret exclude each other: set one" (index . 0)) -}}
{{- end -}}
{{- end -}}

{{- define "istio-ra.validatePods" -}}
{{- with .Values.podDisruptionBudget -}}
{{- if and (not (kindIs "invalid" .minAvailable)) (not (kindIs "invalid" .maxUnavailable)) -}}
{{- fail "podDisruptionBudget: minAvailable and maxUnavailable exclude each other: set one" -}}
{{- end -}}
{{- end -}}
{{- with .Values.autoscaling -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- fail "autoscaling: minReplicas is more than maxReplicas" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled .Values.metrics.podMonitor.enabled -}}
{{- fail "metrics: serviceMonitor and podMonitor would scrape everything twice: enable one" -}}
{{- end -}}
{{- end -}}
