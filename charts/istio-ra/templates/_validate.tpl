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
{{- if eq .Values.mode "alone" -}}
{{- fail "app.istiodTls is for an istiod, and mode alone has none: set mode to beside or front, or app.istiodTls.enabled to auto or false" -}}
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
{{- if not (or $front.upstreamHost (include "istio-ra.revisionSuffix" .)) -}}
{{- fail "mode front needs the real istiod under another Service: install it with a revision and set app.revision to that, or set front.upstreamHost to its host" -}}
{{- end -}}
{{- $host := include "istio-ra.upstreamHost" . -}}
{{- $name := $front.service.name -}}
{{- $own := list $name (printf "%s.%s" $name .Release.Namespace) (printf "%s.%s.svc" $name .Release.Namespace) (printf "%s.%s.svc.cluster.local" $name .Release.Namespace) -}}
{{- if has $host $own -}}
{{- fail (printf "front: %s is the Service that clients call, so calls would go round in a circle: install the real istiod with a revision, which gives it another Service" $host) -}}
{{- end -}}
{{- include "istio-ra.validateFrontService" . -}}
{{- include "istio-ra.validateFrontBudget" . -}}
{{- include "istio-ra.validateOneOf" (list "front.upstreamRoots" $front.upstreamRoots) -}}
{{- end -}}

{{/*
The Service of somebody else is not taken over: Helm would merge two selectors, which no pod has, and the next
upgrade of its owner would undo it. `lookup` finds nothing where the chart is only rendered.
*/}}
{{- define "istio-ra.validateFrontService" -}}
{{- $front := .Values.front -}}
{{- $found := lookup "v1" "Service" .Release.Namespace $front.service.name -}}
{{- if and $front.service.create $found -}}
{{- $annotations := default dict $found.metadata.annotations -}}
{{- $release := get $annotations "meta.helm.sh/release-name" -}}
{{- if ne $release .Release.Name -}}
{{- fail (printf "front: there is a Service %s, and it belongs to %s: set front.service.create to false, so that istio-ra's pods join it, or front.service.name to another name" $front.service.name (ternary (printf "the release %q" $release) "no release of Helm" (ne $release ""))) -}}
{{- end -}}
{{- end -}}
{{- if and (not $front.service.create) (not $found) (lookup "v1" "Namespace" "" .Release.Namespace) -}}
{{- fail (printf "front: there is no Service %s that istio-ra's pods could join: set front.service.create to true" $front.service.name) -}}
{{- end -}}
{{- end -}}

{{/* Kubernetes evicts no pod that two budgets choose, so that a node could not be drained. */}}
{{- define "istio-ra.validateFrontBudget" -}}
{{- if and (include "istio-ra.joinsService" .) .Values.podDisruptionBudget.enabled -}}
{{- $labels := include "istio-ra.podLabels" . | fromYaml -}}
{{- range (lookup "policy/v1" "PodDisruptionBudget" .Release.Namespace "").items -}}
{{- $wanted := default dict (default dict .spec.selector).matchLabels -}}
{{- $all := dict "chosen" (gt (len $wanted) 0) -}}
{{- range $key, $value := $wanted -}}
{{- if ne (get $labels $key) $value -}}{{- $_ := set $all "chosen" false -}}{{- end -}}
{{- end -}}
{{- if and $all.chosen (ne .metadata.name (include "istio-ra.fullname" $)) -}}
{{- fail (printf "front: the PodDisruptionBudget %s chooses istio-ra's pods as well, since they join istiod's Service, and Kubernetes evicts no pod that two budgets choose: set podDisruptionBudget.enabled to false, or that of istiod (global.defaultPodDisruptionBudget.enabled)" .metadata.name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
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
