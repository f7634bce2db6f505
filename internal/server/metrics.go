package server

import (
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"throng/internal/gateway"
	"throng/internal/loop"
)

// metrics returns a registry of everything that the server counts. The counters
// live where the counting is done and are read when somebody asks.
func (s *Server) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), s)
	return r
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("throng_"+name, help, labels, nil)
}

// The metrics' names are part of the interface to operators.
var (
	descConnections   = desc("connections", "Connections now.")
	descMaxConns      = desc("connections_limit", "Connections that are allowed.")
	descFDs           = desc("descriptors", "File descriptors in use.")
	descMaxFDs        = desc("descriptors_limit", "File descriptors that are allowed.")
	descLoad          = desc("loop_connections", "Connections by loop.", "loop")
	descAccepted      = desc("accepted_total", "Connections that were accepted.")
	descRefused       = desc("refused_total", "Connections and requests refused, by HTTP status or reason.", "reason")
	descBackOffs      = desc("accept_backoffs_total", "Waits because the system had no descriptor or memory left.")
	descEnded         = desc("ended_total", "WebSockets, long-poll sessions and event streams that ended, by reason.", "reason")
	descUpgrades      = desc("upgrades_total", "WebSocket upgrades.")
	descWebSockets    = desc("websockets", "WebSockets now.")
	descLongPolls     = desc("longpoll_sessions", "Long-poll sessions now.")
	descPolls         = desc("longpoll_polls_total", "Polls of long-poll clients.")
	descEvents        = desc("event_streams", "Event streams now.")
	descWaiting       = desc("polls_waiting", "Plain polls that wait for something new.")
	descAnswered      = desc("polls_answered_total", "Plain polls that were answered.")
	descPings         = desc("pings_total", "Pings sent to silent clients.")
	descTooFast       = desc("too_fast_total", "Messages over the rates of limits, by what became of them.", "action")
	descHandshakes    = desc("tls_handshakes_total", "TLS handshakes, by outcome.", "outcome")
	descExpiry        = desc("tls_certificate_expiry_timestamp_seconds", "When the first certificate expires.")
	descRenewals      = desc("tls_renewal_failures_total", "Certificates that could not be renewed or read again.")
	descTokens        = desc("tokens_total", "Tokens that clients showed, by what became of them.", "outcome")
	descKeySets       = desc("jwks_fetches_total", "Fetches of the key set, by outcome.", "outcome")
	descKeys          = desc("jwks_keys", "Keys of the key set in force.")
	descRevocations   = desc("token_revocations", "Revocations of tokens and users in force.")
	descRequests      = desc("http_requests_total", "Plain HTTP requests.")
	descMessages      = desc("messages_received_total", "WebSocket messages received.")
	descDeliveries    = desc("deliveries_total", "Publications handed to subscribers.")
	descPublished     = desc("backlog_bytes", "Bytes of publications that wait for the fan-out of a loop.", "loop")
	descExpired       = desc("publications_expired_total", "Publications that were not written because of their deadline, by stage.", "stage")
	descLate          = desc("publications_late_total", "Publications whose deadline had come when the call was made that wrote their first byte.")
	descLag           = desc("publication_write_seconds", "How long it took from a publish to the call that wrote the publication's first byte to a client.")
	descShed          = desc("shed_total", "Publications dropped because a client's queue was full.")
	descResyncs       = desc("resyncs_total", "Subscriptions whose clients were told to begin again.")
	descBusy          = desc("publishes_refused_total", "Publishes refused because a loop was too far behind.")
	descGaps          = desc("gaps_total", "Subscriptions that had to resynchronise because publications were lost.")
	descChecks        = desc("position_checks_total", "Positions of channels that the broker was asked for.", "outcome")
	descBehind        = desc("position_behind_total", "Subscriptions that a check of the position found behind.")
	descChannels      = desc("channels", "Channels with subscribers on this node.")
	descSubs          = desc("subscriptions", "Subscriptions on this node.")
	descPresence      = desc("presence_channels", "Channels with presence now.")
	descMembers       = desc("presence_members", "Members of all channels with presence.")
	descCrowds        = desc("presence_crowds", "Channels whose members are counted and not listed.")
	descTold          = desc("presence_messages_total", "What presence told: differences and counts to channels, lists to channels and to clients, and those of them for clients that were too slow.", "kind")
	descBytesIn       = desc("received_bytes_total", "Bytes read from clients.")
	descBytesOut      = desc("sent_bytes_total", "Bytes written to clients.")
	descWrites        = desc("writes_total", "Writes to connections; with io_uring one system call makes many.")
	descQueued        = desc("queue_bytes", "Bytes that wait to be written.")
	descTurn          = desc("loop_turn_seconds", "Duration of the loops' turns.")
	descStreams       = desc("broker_streams", "Channels with history.")
	descHeld          = desc("broker_publications", "Publications in all windows.")
	descAPICalls      = desc("api_calls_total", "Calls of the server API, by method.", "method")
	descAPIErrors     = desc("api_errors_total", "Calls of the server API that were answered with an error, by method.", "method")
	descHeldBytes     = desc("broker_bytes", "Memory of all streams and publications.")
	descHeldMax       = desc("broker_bytes_limit", "What broker_bytes is bounded to.")
	descVisitsUp      = desc("visits_store_up", "Whether the store of visits answered last time.")
	descVisitUsers    = desc("visits_users", "Users who are here.")
	descVisitRows     = desc("visits_rows_total", "Rows that the store of visits was told: that visits began, ended, are held for the grace.")
	descVisitFlush    = desc("visits_flushes_total", "Groups of rows and beats that the store of visits applied.")
	descVisitErrors   = desc("visits_store_errors_total", "Calls of the store of visits that failed.")
	descVisitQueue    = desc("visits_pending", "Visits that have ended and are not written yet.")
	descVisitDrops    = desc("visits_dropped_total", "Visits that are lost: they began and ended while the store was away, and the buffer was full.")
	descVisitLeases   = desc("visits_leases_lost_total", "Leases on the visits that this node lost, by reason.", "reason")
	descVisitReaped   = desc("visits_reaped_total", "What this node closed of nodes that died.", "what")
	descVisitOffset   = desc("visits_clock_offset_seconds", "The clock of the store of visits less this node's.")
	descVisitAnswer   = desc("visits_answer_seconds", "How long the last flush took.")
	descBonuses       = desc("bonuses_live", "Bonuses that are live or scheduled, and those that ended before their deadlines, until then.")
	descClaims        = desc("bonus_claims_total", "Claims of bonuses, by what was answered.", "answer")
	descClaimsWaiting = desc("bonus_claims_waiting", "Claims that wait for the store.")
	descClaimsKept    = desc("bonus_claims_remembered", "Granted claims in memory.")
	descClaimBatches  = desc("bonus_claim_batches_total", "Groups of claims that the store judged.")
	descClaimsJudged  = desc("bonus_claims_judged_total", "Claims that the store judged; the others were answered from memory.")
	descBonusErrors   = desc("bonus_store_errors_total", "Calls of the store for bonuses that failed.")
	descBonusTold     = desc("bonus_announcements_total", "Bonuses of which the start or the end was announced.", "what")
	descEvicted       = desc("broker_evicted_total", "Publications and streams given up because of the bound on memory.", "kind")
	descStates        = desc("user_states", "Users' maps in memory.")
	descStateBytes    = desc("user_state_bytes", "Memory of users' maps.")
	descStateMax      = desc("user_state_bytes_limit", "What user_state_bytes is bounded to.")
	descStateWrites   = desc("user_state_changes_total", "Changes of users' maps, by what became of them: made, not made because another one was earlier, made before, refused; and keys that expired.", "outcome")
	descStateShown    = desc("user_state_snapshots_total", "Users' maps that were shown whole, to one client or to all of the user's.", "to")
	descStateStore    = desc("user_state_store_total", "Users' maps read from the store, groups of changes written, and calls that failed.", "outcome")
)

// Describe implements prometheus.Collector; the set is not fixed in advance.
func (s *Server) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (s *Server) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(descConnections, float64(s.engine.Connections()))
	gauge(descMaxConns, float64(s.engine.MaxConns()))
	gauge(descMaxFDs, float64(loop.Descriptors()))
	if n, ok := openDescriptors(); ok {
		gauge(descFDs, float64(n))
	}
	gauge(descChannels, float64(s.hub.Channels()))
	b := s.broker.Stats()
	gauge(descStreams, float64(b.Streams))
	gauge(descHeld, float64(b.Publications))
	gauge(descHeldBytes, float64(b.Bytes))
	s.api.Calls(func(method string, all, failed uint64) {
		count(descAPICalls, all, method)
		count(descAPIErrors, failed, method)
	})
	gauge(descHeldMax, float64(s.cfg.History.MaxBytes))
	count(descEvicted, b.EvictedPublications, "publication")
	count(descEvicted, b.EvictedStreams, "stream")
	s.collectPresence(gauge, count)
	s.collectStates(gauge, count)
	s.collectGateway(gauge, count)
	s.collectTLS(gauge, count)
	s.collectTokens(gauge, count)
	s.collectVisits(gauge, count)
	s.collectBonuses(gauge, count)
	s.collectLoops(ch, gauge, count)
}

type emit[V any] func(d *prometheus.Desc, v V, labels ...string)

// collectTLS tells of TLS where it is spoken.
func (s *Server) collectTLS(gauge emit[float64], count emit[uint64]) {
	if s.certs == nil {
		return
	}
	for i, outcome := range gateway.HandshakeOutcomes {
		count(descHandshakes, s.gateway.Stats().Handshakes[i].Load(), outcome)
	}
	if at := s.certs.NotAfter(); !at.IsZero() {
		gauge(descExpiry, float64(at.Unix()))
	}
	count(descRenewals, s.certs.Failures())
}

// collectTokens tells of tokens where there are keys.
func (s *Server) collectTokens(gauge emit[float64], count emit[uint64]) {
	if !s.tokens.Enabled() {
		return
	}
	t := s.tokens.Stats()
	count(descTokens, t.Accepted.Load(), "accepted")
	count(descTokens, t.Expired.Load(), "expired")
	count(descTokens, t.Revoked.Load(), "revoked")
	count(descTokens, t.Refused.Load(), "refused")
	count(descTokens, t.Pending.Load(), "pending")
	done, failed, keys := s.tokens.Fetches()
	count(descKeySets, done, "done")
	count(descKeySets, failed, "failed")
	gauge(descKeys, float64(keys))
	gauge(descRevocations, float64(s.tokens.Revocations()))
}

// collectVisits tells of the books where they are kept.
func (s *Server) collectVisits(gauge emit[float64], count emit[uint64]) {
	if s.visits == nil {
		return
	}
	v, up := s.visits.Stats(), 0.0
	if v.Up.Load() {
		up = 1
	}
	gauge(descVisitsUp, up)
	gauge(descVisitUsers, float64(s.visits.Count()))
	count(descVisitRows, v.Rows.Load())
	count(descVisitFlush, v.Flushes.Load())
	count(descVisitErrors, v.Errors.Load())
	gauge(descVisitQueue, float64(s.visits.Pending()))
	count(descVisitDrops, v.Dropped.Load())
	count(descVisitLeases, v.Fenced.Load(), "fenced")
	count(descVisitLeases, v.Superseded.Load(), "superseded")
	count(descVisitLeases, v.Steps.Load(), "clock set")
	count(descVisitReaped, v.ReapedLeases.Load(), "leases")
	count(descVisitReaped, v.ReapedVisits.Load(), "visits")
	gauge(descVisitOffset, float64(v.Offset.Load())/1000)
	gauge(descVisitAnswer, float64(v.Answer.Load())/1000)
}

func (s *Server) collectGateway(gauge emit[float64], count emit[uint64]) {
	g, a := s.gateway.Stats(), s.engine.AcceptStats()
	sessions := s.sockets.Stats()
	gauge(descWebSockets, float64(g.WebSockets.Load()))
	gauge(descLongPolls, float64(g.LongPolls.Load()))
	count(descPolls, g.Polls.Load())
	gauge(descEvents, float64(g.Streams.Load()))
	gauge(descWaiting, float64(g.PollsWaiting.Load()))
	count(descAnswered, g.PollsAnswered.Load())
	count(descPings, g.Pings.Load())
	count(descTooFast, s.sockets.Early()+s.events.Early(), "refused")
	count(descTooFast, s.sockets.Floods(), "disconnected")
	shed, resyncs := sessions.Shed.Load(), sessions.Resyncs.Load()
	for _, one := range s.events.Stats() {
		shed, resyncs = shed+one.Shed.Load(), resyncs+one.Resyncs.Load()
	}
	count(descShed, shed)
	count(descResyncs, resyncs)
	count(descBusy, s.node.Refused())
	count(descChecks, s.node.Positions().Checks.Load(), "done")
	count(descChecks, s.node.Positions().Failed.Load(), "failed")
	count(descUpgrades, g.Upgrades.Load())
	count(descRequests, g.Requests.Load())
	count(descMessages, g.MessagesIn.Load())
	count(descBackOffs, a.BackOffs.Load())
	count(descRefused, a.Refused.Load(), "connection limit")
	for i, status := range gateway.RefusalStatuses {
		count(descRefused, g.Refusals[i].Load(), status)
	}
	for i, reason := range gateway.EndReasons {
		count(descEnded, g.Ends[i].Load(), reason)
	}
}

func (s *Server) collectLoops(ch chan<- prometheus.Metric, gauge emit[float64], count emit[uint64]) {
	var accepted, in, out, writes, late, unwritten, arrived, expired, deliveries, gaps, behind uint64
	var queued, subs int64
	turns := make(map[float64]uint64)
	var total uint64
	var busy float64
	for i := range s.engine.Loops() {
		l, t := s.engine.Stats(i), s.hub.Table(i).Stats()
		label := strconv.Itoa(i)
		gauge(descLoad, float64(s.engine.Load(i)), label)
		gauge(descPublished, float64(t.Backlog.Load()), label)
		accepted += l.Accepted.Load()
		in += l.BytesIn.Load()
		out += l.BytesOut.Load()
		writes += l.Writes.Load()
		late += l.Late.Load()
		unwritten += l.Expired.Load()
		arrived += t.Arrived.Load()
		queued += l.Queued.Load()
		busy += float64(l.Busy.Load()) / 1e9
		expired += t.Expired.Load()
		deliveries += t.Deliveries.Load()
		gaps += t.Gaps.Load()
		behind += t.Behind.Load()
		subs += t.Members.Load()
		sum := uint64(0)
		for b := range loop.TurnBuckets {
			sum += l.Turns[b].Load()
			if b < loop.TurnBuckets-1 {
				turns[loop.TurnBound(b).Seconds()] += sum
			}
		}
		total += sum
	}
	count(descAccepted, accepted)
	count(descBytesIn, in)
	count(descBytesOut, out)
	count(descWrites, writes)
	count(descExpired, arrived, "arrival")
	count(descExpired, expired, "enqueue")
	count(descExpired, unwritten, "write")
	count(descExpired, s.expiredInHistory(), "history")
	count(descLate, late)
	ch <- s.lags()
	count(descDeliveries, deliveries)
	count(descGaps, gaps)
	count(descBehind, behind)
	gauge(descQueued, float64(queued))
	gauge(descSubs, float64(subs))
	ch <- prometheus.MustNewConstHistogram(descTurn, total, busy, turns)
}

// expiredInHistory counts what was passed over when histories were read, and what of them
// expired on the way.
func (s *Server) expiredInHistory() uint64 {
	n := s.broker.Stats().Expired + s.sockets.Stats().Expired.Load()
	for _, feeds := range s.events.Stats() {
		n += feeds.Expired.Load()
	}
	return n
}

// lags is the histogram of all loops.
func (s *Server) lags() prometheus.Metric {
	var all, sum uint64
	bounds := make(map[float64]uint64, loop.LagBuckets)
	for b := range loop.LagBuckets {
		for i := range s.engine.Loops() {
			all += s.engine.Stats(i).Lags[b].Load()
		}
		if b < loop.LagBuckets-1 {
			bounds[loop.LagBound(b).Seconds()] = all
		}
	}
	for i := range s.engine.Loops() {
		sum += s.engine.Stats(i).LagSum.Load()
	}
	return prometheus.MustNewConstHistogram(descLag, all, float64(sum)/1e6, bounds)
}

// openDescriptors counts the process's descriptors, where the system tells.
func openDescriptors() (int, bool) {
	entries, err := os.ReadDir("/proc/self/fd")
	return len(entries), err == nil
}
