{{/* The chart's name. */}}
{{- define "istio-ra.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of all objects of this release. */}}
{{- define "istio-ra.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "istio-ra.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The name of objects without a namespace: another release may stand in another one. */}}
{{- define "istio-ra.clusterName" -}}
{{- printf "%s-%s" (include "istio-ra.fullname" .) .Release.Namespace -}}
{{- end -}}

{{- define "istio-ra.selectorLabels" -}}
app.kubernetes.io/name: {{ include "istio-ra.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "istio-ra.labels" -}}
{{ with .Values.commonLabels }}{{ toYaml . }}
{{ end -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: istio
{{ include "istio-ra.selectorLabels" . }}
{{- end -}}

{{/* Labels of pods: nothing that a new version of the chart alone would change. */}}
{{- define "istio-ra.podLabels" -}}
{{- $labels := include "istio-ra.selectorLabels" . | fromYaml -}}
{{- $joined := ternary .Values.front.service.selector dict (eq (include "istio-ra.joinsService" .) "true") -}}
{{- toYaml (mergeOverwrite dict .Values.commonLabels .Values.podLabels $joined $labels) -}}
{{- end -}}

{{/* "true" where a Service of another release leads to istio-ra's pods, else "". */}}
{{- define "istio-ra.joinsService" -}}
{{- if and (eq .Values.mode "front") (not .Values.front.service.create) -}}true{{- end -}}
{{- end -}}

{{- define "istio-ra.serviceAccountName" -}}
{{- default (include "istio-ra.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/* The Service under which clients reach the CA. */}}
{{- define "istio-ra.serviceName" -}}
{{- ternary .Values.front.service.name (include "istio-ra.ownServiceName" .) (eq .Values.mode "front") -}}
{{- end -}}

{{/* The Service under istio-ra's own name, in every mode. */}}
{{- define "istio-ra.ownServiceName" -}}
{{- default (include "istio-ra.fullname" .) .Values.service.name -}}
{{- end -}}

{{/* The Service under istiod's name, where this release makes it, else "". */}}
{{- define "istio-ra.frontServiceName" -}}
{{- if and (eq .Values.mode "front") .Values.front.service.create -}}{{- .Values.front.service.name -}}{{- end -}}
{{- end -}}

{{- define "istio-ra.frontServiceLabel" -}}istio-ra/front-service{{- end -}}

{{- define "istio-ra.image" -}}
{{- with .Values.image -}}
{{- $name := ternary .repository (printf "%s/%s" .registry .repository) (empty .registry) -}}
{{- if .digest -}}
{{- printf "%s@%s" $name .digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Host of the real istiod, in mode front. */}}
{{- define "istio-ra.upstreamHost" -}}
{{- if .Values.front.upstreamHost -}}
{{- .Values.front.upstreamHost -}}
{{- else -}}
{{- printf "istiod%s.%s.svc" (include "istio-ra.revisionSuffix" .) .Release.Namespace -}}
{{- end -}}
{{- end -}}

{{/* "true" where roots are written into namespaces, else "". */}}
{{- define "istio-ra.distributesRoots" -}}
{{- $enabled := toString .Values.app.rootDistribution.enabled -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") (ne .Values.mode "alone")) -}}true{{- end -}}
{{- end -}}

{{/* "true" where the Secret of the istiods in this namespace is kept, else "". */}}
{{- define "istio-ra.keepsIstiodTls" -}}
{{- $enabled := toString .Values.app.istiodTls.enabled -}}
{{- $can := and (ne .Values.mode "alone") .Values.app.servingCertificate.signer -}}
{{- if or (eq $enabled "true") (and (eq $enabled "auto") $can) -}}true{{- end -}}
{{- end -}}

{{/* "true" where some work is for one replica alone, else "". */}}
{{- define "istio-ra.electsLeader" -}}
{{- if .Values.app.leaderElection.enabled -}}
{{- if or (include "istio-ra.distributesRoots" .) (include "istio-ra.keepsIstiodTls" .) .Values.app.clusterTrustBundles.enabled -}}
true
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Revision as a suffix of names; "" for the default one. */}}
{{- define "istio-ra.revisionSuffix" -}}
{{- $revision := .Values.app.revision -}}
{{- if and $revision (ne $revision "default") -}}{{- printf "-%s" $revision -}}{{- end -}}
{{- end -}}

{{/* Name of the Lease. */}}
{{- define "istio-ra.leaseName" -}}
istio-ra-leader{{ include "istio-ra.revisionSuffix" . }}
{{- end -}}

{{/* Names of the ConfigMaps that the mesh config is watched in, JSON. */}}
{{- define "istio-ra.meshConfigMaps" -}}
{{- $names := list -}}
{{- with .Values.app.meshConfig -}}
{{- if not (or .inline .configMap) -}}
{{- $names = append $names (printf "istio%s" (include "istio-ra.revisionSuffix" $)) -}}
{{- with .sharedConfigMap -}}{{- $names = append $names . -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}

{{/* A memory quantity in MiB; fails for one that it cannot read. */}}
{{- define "istio-ra.mebibytes" -}}
{{- $text := toString . -}}
{{- if not (regexMatch "^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$" $text) -}}
{{- fail (printf "resources.limits.memory: cannot read %q; write it as 512Mi or 1Gi" $text) -}}
{{- end -}}
{{- $factors := dict "" 1 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 -}}
{{- $unit := regexFind "[A-Za-z]*$" $text -}}
{{- $number := regexFind "^[0-9.]+" $text | float64 -}}
{{- divf (mulf $number (get $factors $unit)) 1048576.0 -}}
{{- end -}}
