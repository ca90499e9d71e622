// The released Prometheus and Alertmanager that the set `current` is built from.
// Prometheus 3.x.y is module version v0.3xx.y. Their own go.mod and go.sum decide
// what they are built with; the go.sum here pins these two sources themselves.
module guardia/tools

go 1.26

require (
	github.com/prometheus/alertmanager v0.34.2
	github.com/prometheus/prometheus v0.316.0
)
