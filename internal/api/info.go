package api

import "throng"

const infoDoc = "Describes the nodes: so far the one that answers."

type infoResult struct {
	Nodes []NodeInfo `json:"nodes" doc:"The nodes."`
}

// NodeInfo describes one node.
type NodeInfo struct {
	UID         string       `json:"uid" doc:"Names this run of the node."`
	Name        string       `json:"name" doc:"The configured name, or the host's."`
	Version     string       `json:"version" doc:"The version of throng."`
	NumClients  int          `json:"num_clients" doc:"Clients that are connected."`
	NumUsers    int          `json:"num_users" doc:"Their users. One whose connections are on several loops is counted once for each."`
	NumSubs     int          `json:"num_subs" doc:"Subscriptions."`
	NumChannels int          `json:"num_channels" doc:"Channels with subscribers."`
	Uptime      int          `json:"uptime" doc:"Seconds since the start."`
	Time        int64        `json:"time" doc:"The node's clock, by which it judges deadlines, in milliseconds since 1970."`
	Process     *ProcessInfo `json:"process,omitempty" doc:"What the process takes."`
}

// ProcessInfo is what a process takes of the machine.
type ProcessInfo struct {
	RSS int `json:"rss" doc:"Resident memory, in bytes."`
}

func (c *call) info(*empty) (*infoResult, *throng.Error) {
	ctx, cancel := c.wait()
	defer cancel()
	n, err := c.opts.Self(ctx)
	if err != nil {
		return nil, c.coded(err, "info", "")
	}
	return &infoResult{[]NodeInfo{n}}, nil
}
