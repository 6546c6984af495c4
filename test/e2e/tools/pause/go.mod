// The process that holds a pod's namespaces.
module istio-ra.test/e2e/tools/pause

go 1.26.0
