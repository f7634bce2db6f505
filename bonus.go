package throng

import "context"

// Bonus is an offer that lasts for a time: the first Quota users who claim it have it,
// each once. Times are milliseconds since 1970, by the clock of the node that judges.
type Bonus struct {
	// ID names the bonus for ever: 1 to MaxBonusIDBytes of UTF-8 without control
	// characters.
	ID string
	// Data is the application's own JSON, shown to clients.
	Data []byte
	// Quota is how many users may have it; 0 is any number.
	Quota int64
	// StartsAt is when it may be claimed, Deadline from when on it may not be any more.
	StartsAt, Deadline int64
	// Tolerance is how many milliseconds behind the deadline a claim may still arrive:
	// for what the network takes.
	Tolerance int64
	Audience  Audience
	CreatedAt int64
	// Claimed is how many have it, EndedAt and End when and why no more can, before the
	// deadline. The store sets them.
	Claimed int64
	EndedAt int64
	End     BonusEnd
}

// Audience says whom a bonus is for. The zero value is everybody whose user is known.
type Audience struct {
	// Channel is where the bonus is announced, empty for the users' own channels; Users
	// are those whom it is for, nil for everybody.
	Channel string
	Users   []string
	// PresentAt is a moment at which the user must have been here: in Channel, if its
	// namespace records visits and there is one, else in the service. 0 is no condition.
	PresentAt int64
	// MinWatched is how many milliseconds the user must have watched Channel since
	// WatchedSince (without a Channel: have been here). 0 is no condition.
	MinWatched, WatchedSince int64
}

// BonusEnd says why a bonus ended before its deadline.
type BonusEnd string

const (
	// BonusOpen: it did not.
	BonusOpen BonusEnd = ""
	// BonusExhausted: the quota is reached.
	BonusExhausted BonusEnd = "exhausted"
	// BonusWithdrawn: somebody withdrew it. What was claimed stays.
	BonusWithdrawn BonusEnd = "withdrawn"
)

// Bounds of a bonus.
const (
	MaxBonusIDBytes   = 128
	MaxClaimUserBytes = MaxVisitUserBytes
	MaxClaimIDBytes   = 128
)

// Claim is a user's wish to have a bonus, and once it is granted, the record of it.
type Claim struct {
	Bonus string
	User  string
	// ID is the claim's own name, chosen by who claims, so that a claim whose answer was
	// lost can be repeated; empty for none.
	ID string
	// At is when the server received it. Place is its place among those granted, from 1; the
	// store sets it.
	At, Place int64
}

// Verdict is what became of a claim.
type Verdict uint8

const (
	// Won: the user has the bonus by this claim.
	Won Verdict = iota
	// Already: the user has it by an earlier claim.
	Already
	// Exhausted: others were earlier.
	Exhausted
	// Expired: the deadline had passed, or the bonus was withdrawn.
	Expired
	// NotForYou: the user is not among those whom it is for.
	NotForYou
	// NotYet: it has not started.
	NotYet
)

// Judged is the answer to a claim: the verdict, and for Won and Already the claim as it
// is in the journal.
type Judged struct {
	Verdict Verdict
	Claim   Claim
}

// BonusFilter says which bonuses are wanted; the zero value of each field is any.
type BonusFilter struct {
	// Live are those whose deadline and tolerance have not passed at Now, and that have
	// not ended.
	Live    bool
	Now     int64
	Channel string // of the audience
	// Brief leaves out what may be long: Data, and the users of audiences.
	Brief bool
}

// ClaimFilter says which claims are wanted; empty is any.
type ClaimFilter struct {
	Bonus, User string
	// Users are those whose claims are wanted, nil for anybody's.
	Users []string
	// AfterPlace leaves out places up to it.
	AfterPlace int64
}

// Bonuses is the durable record of bonuses, and the journal of who has them.
//
// CreateBonus keeps a new one, with CreatedAt as given and nothing claimed. The same ID
// with the same content is answered with the bonus as it is by now, with other content it
// is ErrBonusExists. CreatedAt, and what the store sets, is no content.
//
// Claims judges claims of one bonus in the order given, by quota and by who has it
// already; deadline and audience were looked at by who calls. Either all that it answers
// is on the disk or there is an error, after which it is not known whether anything was
// written: the same claims may be given again. A claim of the same user and the same ID (not
// empty) as one in the journal is answered Won with what is there, one with another ID
// Already. However many nodes claim at once, there are never more than Quota rows, and one
// of each user; places are 1, 2, 3 … without a hole. The claim that reaches the quota
// ends the bonus as BonusExhausted, at the claim's At. Those who have nothing are told
// Exhausted after that, and Expired of one that was withdrawn. An unknown bonus is
// ErrUnknownBonus. Claims of which one can't be (no user, too long a name) are
// ErrBadClaim, all of them. The bonus that comes back is as it was after the last claim.
//
// EndBonus withdraws one. One that has ended stays as it is, and so does one whose
// deadline and tolerance had passed at that time.
//
// Lists are in pages by key, bonuses from the one created last, claims by bonus and place.
//
// ForgetClaims takes a user's name out of the journal, and out of the audiences that name
// it: places and counts stay, and rows without a user. It returns how many claims those were.
// Nobody knows then that the user had a bonus: while it can be claimed, it can be again.
//
// PruneBonuses removes bonuses whose deadline and tolerance passed before a time, and
// their claims; 0 keeps all. It goes piece by piece, and by the next call if it is cut short.
//
// Calls block and are never made on a loop; they are safe for concurrent use.
type Bonuses interface {
	CreateBonus(ctx context.Context, b *Bonus) (Bonus, error)
	Bonus(ctx context.Context, id string) (Bonus, error)
	ListBonuses(ctx context.Context, f BonusFilter, p Page) (page []Bonus, next string, err error)
	EndBonus(ctx context.Context, id string, at int64, why BonusEnd) (Bonus, error)
	Claims(ctx context.Context, bonus string, claims []Claim) ([]Judged, Bonus, error)
	ListClaims(ctx context.Context, f ClaimFilter, p Page) (page []Claim, next string, err error)
	ForgetClaims(ctx context.Context, user string) (claims int64, err error)
	PruneBonuses(ctx context.Context, before int64) error
}

var (
	// ErrUnknownBonus is the error for a bonus that there is not.
	ErrUnknownBonus = &Error{ErrUnknownChannel.Code, "unknown bonus", false}
	// ErrBonusExists is the error for a second bonus of the same ID.
	ErrBonusExists = &Error{ErrBadRequest.Code, "bad request: there is another bonus of that id", false}
	// ErrBadBonus is the error for a bonus without an ID, or with too long a name.
	ErrBadBonus = &Error{ErrBadRequest.Code, "bad request: a bonus must have an id, and names may not be longer than they may", false}
	// ErrBadClaim is the error for a claim without a user, or with too long a name.
	ErrBadClaim = &Error{ErrBadRequest.Code, "bad request: a claim must have a user, and names may not be longer than they may", false}
)
