package memory_test

import (
	"testing"
	"testing/synctest"
	"time"

	"throng"
	"throng/internal/broker/brokertest"
	"throng/internal/broker/memory"
)

func TestBroker(t *testing.T) {
	newBroker := func(_ *testing.T, sink throng.Sink, clock *throng.Clock) throng.Broker {
		return memory.New(sink, memory.Options{Clock: clock})
	}
	brokertest.Run(t, newBroker, brokertest.Options{
		Time:        synctest.Test,
		Tick:        time.Minute,
		DeliversAll: true,
	})
}
