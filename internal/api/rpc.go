package api

import (
	"encoding/json"

	"throng"
)

const rpcDoc = "Calls a method of the application. Not available yet: error 108."

type rpcRequest struct {
	Method string          `json:"method" doc:"The method's name."`
	Params json.RawMessage `json:"params,omitempty" doc:"What it is called with."`
}

type rpcResult struct {
	Data json.RawMessage `json:"data" doc:"What it answers."`
}

func (c *call) rpc(*rpcRequest) (*rpcResult, *throng.Error) {
	return nil, coded(throng.ErrNotAvailable, "methods of the application come with hooks, which this version does not have")
}
