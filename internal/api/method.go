package api

import (
	"net/http"
	"reflect"

	"throng"
)

// Method is one entry of the table of what the API can do.
type Method struct {
	Name string
	// Doc says what it does.
	Doc string
	// Request and Result are structs; their fields' tags json and doc describe them.
	Request, Result reflect.Type
	// bare results are the whole answer, without "result" around.
	bare bool
	// ahead is true where begin does it, and the outcome only waits; of all others the
	// outcome does it.
	ahead bool
	begin func(c *call, body []byte) outcome
	// stream is there instead of begin where the answer is no JSON object but written
	// piece by piece; Result is then one line of it. An error is one from before the
	// first byte, or errCutOff.
	stream func(c *call, w http.ResponseWriter, body []byte) *throng.Error
}

// Bare reports whether the result is the whole answer.
func (m *Method) Bare() bool { return m.bare }

// Streams reports whether the answer is lines without end in sight, each a result.
func (m *Method) Streams() bool { return m.stream != nil }

// alone reports whether a list of commands can't have the method.
func (m *Method) alone() bool { return m.bare || m.stream != nil }

// Methods returns the table.
func Methods() []Method {
	return []Method{
		define[publishRequest, publishResult]("publish", publishDoc, (*call).publish),
		define[broadcastRequest, broadcastResult]("broadcast", broadcastDoc, (*call).broadcast),
		batchMethod(),
		at[subscribeRequest, reachedResult]("subscribe", subscribeDoc, (*call).subscribe),
		at[unsubscribeRequest, reachedResult]("unsubscribe", unsubscribeDoc, (*call).unsubscribe),
		at[watchRequest, reachedResult]("watch", watchDoc, (*call).watch),
		at[disconnectRequest, reachedResult]("disconnect", disconnectDoc, (*call).disconnect),
		at[refreshRequest, reachedResult]("refresh", refreshDoc, (*call).refresh),
		at[revokeRequest, reachedResult]("revoke_token", revokeDoc, (*call).revoke),
		at[presenceRequest, presenceResult]("presence", presenceDoc, (*call).presence),
		at[presenceRequest, presenceStatsResult]("presence_stats", presenceStatsDoc, (*call).presenceStats),
		at[membersRequest, membersResult]("presence_members", membersDoc, (*call).members),
		at[historyRequest, historyResult]("history", historyDoc, (*call).history),
		at[historyRemoveRequest, empty]("history_remove", historyRemoveDoc, (*call).removeHistory),
		at[channelsRequest, channelsResult]("channels", channelsDoc, (*call).channels),
		at[connectionsRequest, connectionsResult]("connections", connectionsDoc, (*call).connections),
		at[visitsOnlineRequest, visitsOnlineResult]("visits_online", visitsOnlineDoc, (*call).visitsOnline),
		at[visitsUserRequest, visitsUserResult]("visits_user", visitsUserDoc, (*call).visitsUser),
		at[visitsWatchedRequest, visitsWatchedResult]("visits_watched", visitsWatchedDoc, (*call).visitsWatched),
		at[visitsSessionsRequest, visitsSessionsResult]("visits_sessions", visitsSessionsDoc, (*call).visitsSessions),
		at[visitsCurveRequest, visitsCurveResult]("visits_curve", visitsCurveDoc, (*call).visitsCurve),
		at[visitsTopRequest, visitsTopResult]("visits_top", visitsTopDoc, (*call).visitsTop),
		exportMethod(),
		at[visitsEraseRequest, visitsEraseResult]("visits_erase", visitsEraseDoc, (*call).visitsErase),
		atDesk[bonusCreateRequest, bonusResult]("bonus_create", bonusCreateDoc, (*call).bonusCreate),
		atDesk[bonusIDRequest, bonusResult]("bonus_get", bonusGetDoc, (*call).bonusGet),
		atDesk[bonusListRequest, bonusListResult]("bonus_list", bonusListDoc, (*call).bonusList),
		atDesk[bonusIDRequest, bonusResult]("bonus_end", bonusEndDoc, (*call).bonusEnd),
		atDesk[bonusClaimRequest, bonusClaimResult]("bonus_claim", bonusClaimDoc, (*call).bonusClaim),
		atDesk[bonusClaimsRequest, bonusClaimsResult]("bonus_claims", bonusClaimsDoc, (*call).bonusClaims),
		bonusExportMethod(),
		atDesk[bonusEraseRequest, bonusEraseResult]("bonus_erase", bonusEraseDoc, (*call).bonusErase),
		at[empty, infoResult]("info", infoDoc, (*call).info),
		at[rpcRequest, rpcResult]("rpc", rpcDoc, (*call).rpc),
	}
}

// empty is a request or a result that says nothing.
type empty struct{}

// define makes a method that begins and is waited for.
func define[Q, R any](name, doc string, begin func(*call, *Q) outcome) Method {
	return Method{
		Name: name, Doc: doc, Request: reflect.TypeFor[Q](), Result: reflect.TypeFor[R](), ahead: true,
		begin: func(c *call, body []byte) outcome {
			q := new(Q)
			if err := decode(body, q); err != nil {
				return failed(err)
			}
			return begin(c, q)
		},
	}
}

// at makes a method that is done at once, when its turn comes: a batch does not hold
// the results of many.
func at[Q, R any](name, doc string, run func(*call, *Q) (*R, *throng.Error)) Method {
	m := define[Q, R](name, doc, func(c *call, q *Q) outcome {
		return func() (any, *throng.Error) { return run(c, q) }
	})
	m.ahead = false
	return m
}
