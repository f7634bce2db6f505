package config

import "throng"

// Namespace returns what is configured for a namespace, and whether there is
// one of that name. In development every name is a namespace. It is safe for
// concurrent use.
func (c *Config) Namespace(name string) (throng.Namespace, bool) {
	if n := c.find(name); n != nil {
		return n.resolve(), true
	}
	if !c.Dev {
		return throng.Namespace{}, false
	}
	n := c.newNamespace(name)
	return n.resolve(), true
}

func (c *Config) find(name string) *Namespace {
	for i := range c.Namespaces {
		if c.Namespaces[i].Name == name {
			return &c.Namespaces[i]
		}
	}
	return nil
}

// newNamespace is a namespace of which nothing but its name was said.
func (c *Config) newNamespace(name string) Namespace {
	n := closedNamespace(name)
	if c.Dev {
		n.open()
	}
	return n
}

// resolve says it in the words of the root package. A word that Load would have
// refused means the stricter thing.
func (n *Namespace) resolve() throng.Namespace {
	ns := throng.Namespace{
		Name:           n.Name,
		Subscribe:      permission(n.Subscribe),
		Publish:        permission(n.Publish),
		ClientEvents:   throng.EventDeny,
		Retention:      throng.Retention{Size: n.HistorySize, TTL: n.HistoryTTL},
		PublicationTTL: n.PublicationTTL,
		Urgent:         n.Urgent,
		Slow:           throng.SlowDisconnect,
		Visits:         n.Visits,
	}
	switch n.Presence {
	case "users":
		ns.Presence, ns.PresenceList = throng.PresenceUsers, n.PresenceList
	case "clients":
		ns.Presence, ns.PresenceList = throng.PresenceClients, n.PresenceList
	}
	if n.ClientEvents == "broadcast" {
		ns.ClientEvents = throng.EventBroadcast
	}
	switch n.Watch {
	case "exclusive":
		ns.Watch = throng.WatchExclusive
	case "parallel":
		ns.Watch = throng.WatchParallel
	}
	if n.SlowPolicy == "newest" {
		ns.Slow = throng.SlowNewest
	}
	return ns
}

func permission(word string) throng.Permission {
	switch word {
	case "anybody":
		return throng.Anybody
	case "token":
		return throng.Token
	case "authenticated":
		return throng.Authenticated
	}
	return throng.Nobody
}
