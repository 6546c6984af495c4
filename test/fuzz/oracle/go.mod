// Reads what the gate admitted with Go's crypto/x509, so that two readers can be compared.
module istio-ra.test/fuzz/oracle

go 1.26.0
