package keymap

// Action is something a key can do. Its text is the name that an override file uses.
type Action string

// The actions.
const (
	Down           Action = "down"
	Up             Action = "up"
	First          Action = "first"
	Last           Action = "last"
	HalfDown       Action = "half-page-down"
	HalfUp         Action = "half-page-up"
	PageDown       Action = "page-down"
	PageUp         Action = "page-up"
	MarkDelete     Action = "mark-delete"
	MarkFetch      Action = "mark-fetch"
	MarkMove       Action = "mark-move"
	Skip           Action = "skip"
	NextMark       Action = "next-mark"
	Range          Action = "range"
	SelectAll      Action = "select-all"
	Undo           Action = "undo"
	Redo           Action = "redo"
	Filter         Action = "filter"
	FilterKeep     Action = "filter-keep"
	FilterOff      Action = "filter-off"
	Sort           Action = "sort"
	Reverse        Action = "reverse-sort"
	Senders        Action = "senders"
	GroupBy        Action = "group-by"
	ShowGroup      Action = "show-group"
	Preview        Action = "preview"
	ScrollDown     Action = "scroll-down"
	ScrollUp       Action = "scroll-up"
	ScrollPageDown Action = "scroll-page-down"
	ScrollPageUp   Action = "scroll-page-up"
	AllHeaders     Action = "all-headers"
	AsReceived     Action = "as-received"
	MoreLines      Action = "more-lines"
	Review         Action = "review"
	Confirm        Action = "confirm"
	Decline        Action = "decline"
	Stop           Action = "stop"
	Dialogue       Action = "dialogue"
	LookAgain      Action = "look-again"
	Accounts       Action = "accounts"
	Mouse          Action = "mouse"
	Help           Action = "help"
	Close          Action = "close"
	Quit           Action = "quit"
	Suspend        Action = "suspend"
	Leave          Action = "leave"
)

// Context is where a key is pressed: a set of the screen's modes.
type Context uint16

// The contexts. The filter's prompt takes every printable key as text, so nothing printable is bound in it.
const (
	Opening Context = 1 << iota
	List
	FilterPrompt
	PreviewPane
	SendersView
	ReviewScreen
	Committing
	Summary
	HelpScreen
	DialogueScreen
	AccountsScreen
	ConfirmPrompt
	contexts = iota
)

// Everywhere is the union of all contexts; scrolling is what every screen of text has in common.
const (
	Everywhere Context = 1<<contexts - 1
	rows               = List | PreviewPane | SendersView
	scrolling          = ReviewScreen | Summary | HelpScreen | DialogueScreen | AccountsScreen | Committing
	anyScreen          = Everywhere &^ (FilterPrompt | ConfirmPrompt)
)

var contextNames = [contexts]string{
	"opening", "list", "filter", "preview", "senders", "review", "committing", "summary", "help", "dialogue", "accounts", "question",
}

// String names the contexts in c, such as "list, preview".
func (c Context) String() string {
	text := ""
	for i, name := range contextNames {
		if c&(1<<i) == 0 {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += name
	}
	return text
}

// Group is a heading under which help lists actions.
type Group string

// The groups, in the order in which help shows them.
const (
	Moving  Group = "Moving"
	Marking Group = "Marking"
	Looking Group = "Looking"
	Doing   Group = "Carrying out"
	General Group = "General"
)

// Groups lists every group in its order.
func Groups() []Group { return []Group{Moving, Marking, Looking, Doing, General} }

// Binding ties an action to its keys.
type Binding struct {
	Action Action
	Keys   []string
	Hint   string // one or two words for the foot of the screen
	Words  string // what it does, for help and the README
	Group  Group
	In     Context
}

// defaults is the table. Its order is the order of help and of hints.
func defaults() []Binding {
	return []Binding{
		{Down, []string{"j", "down"}, "down", "down a row", Moving, rows | scrolling},
		{Up, []string{"k", "up"}, "up", "up a row", Moving, rows | scrolling},
		{First, []string{"g", "home"}, "first", "to the first row", Moving, rows | scrolling},
		{Last, []string{"G", "end"}, "last", "to the last row", Moving, rows | scrolling},
		{HalfDown, []string{"ctrl+d"}, "half a page", "down half a page", Moving, (rows | scrolling) &^ PreviewPane},
		{HalfUp, []string{"ctrl+u"}, "half a page", "up half a page", Moving, (rows | scrolling) &^ PreviewPane},
		{PageDown, []string{"pgdown", "ctrl+f"}, "page", "down a page", Moving, (rows | scrolling) &^ PreviewPane},
		{PageUp, []string{"pgup", "ctrl+b"}, "page", "up a page", Moving, (rows | scrolling) &^ PreviewPane},

		{MarkDelete, []string{"d"}, "delete", "mark delete, and go on", Marking, rows},
		{MarkFetch, []string{"f"}, "fetch", "mark fetch, and go on", Marking, rows},
		{MarkMove, []string{"m"}, "move", "mark move (fetch, then delete), and go on", Marking, rows},
		{Skip, []string{"s"}, "skip", "skip: take the mark off, and go on", Marking, rows},
		{NextMark, []string{"space"}, "next mark", "the row's next mark: skip, delete, fetch, move; stay", Marking, rows},
		{Range, []string{"v", "V"}, "range", "start and end a range; a mark then takes all of it", Marking, List | PreviewPane},
		{SelectAll, []string{"*"}, "all", "select all rows that the filter shows", Marking, List | PreviewPane},
		{Undo, []string{"u"}, "undo", "undo the last marking, however many rows it marked", Marking, rows},
		{Redo, []string{"ctrl+r"}, "redo", "redo it", Marking, rows},

		{Preview, []string{"enter"}, "preview", "preview the message, or close the preview", Looking, List | PreviewPane},
		{ScrollDown, []string{"J", "shift+down"}, "scroll", "preview: scroll down a line", Looking, PreviewPane},
		{ScrollUp, []string{"K", "shift+up"}, "scroll", "preview: scroll up a line", Looking, PreviewPane},
		{ScrollPageDown, []string{"ctrl+d", "pgdown", "ctrl+f"}, "scroll", "preview: scroll down a page", Looking, PreviewPane},
		{ScrollPageUp, []string{"ctrl+u", "pgup", "ctrl+b"}, "scroll", "preview: scroll up a page", Looking, PreviewPane},
		{AllHeaders, []string{"h"}, "headers", "preview: all headers", Looking, PreviewPane},
		{AsReceived, []string{"r"}, "raw", "preview: as it came", Looking, PreviewPane},
		{MoreLines, []string{"+", "="}, "more", "preview: more lines", Looking, PreviewPane},
		{Filter, []string{"/"}, "filter", "filter by a query, live; esc takes it off", Looking, List | PreviewPane},
		{FilterKeep, []string{"enter"}, "keep", "filter: keep it and go back to the list", Looking, FilterPrompt},
		{FilterOff, []string{"esc"}, "off", "filter: take it off", Looking, FilterPrompt},
		{Sort, []string{"o"}, "sort", "sort by the next column", Looking, rows},
		{Reverse, []string{"O"}, "turn round", "turn the order round", Looking, rows},
		{Senders, []string{"b"}, "senders", "the mailbox by sender, largest first; marks work on a whole group", Looking, rows},
		{GroupBy, []string{"tab"}, "address/domain", "senders: by address or by domain", Looking, SendersView},
		{ShowGroup, []string{"enter"}, "show", "senders: show the group's messages in the list", Looking, SendersView},

		{Review, []string{"c"}, "commit…", "review the plan, then commit it or go back", Doing, rows},
		{Confirm, []string{"y"}, "yes", "review: carry the plan out; a question: yes", Doing, ReviewScreen | ConfirmPrompt},
		{Decline, []string{"n", "esc", "q", "enter"}, "no", "review: go back; a question: no", Doing, ReviewScreen | ConfirmPrompt},
		{Stop, []string{"esc"}, "stop", "commit: stop; nothing of this session is deleted", Doing, Committing},
		{LookAgain, []string{"R"}, "look again", "look again: reconnect; marks and cursor stay with their messages", Doing, rows | Opening | AccountsScreen | DialogueScreen},

		{Dialogue, []string{"L"}, "dialogue", "the dialogue with the server, live, without secrets", General, anyScreen &^ (ReviewScreen | DialogueScreen)},
		{Accounts, []string{"a"}, "accounts", "the account: its server and what waits there", General, rows | Opening},
		{Mouse, []string{"M"}, "mouse", "mouse on or off", General, rows},
		{Help, []string{"?"}, "help", "all keys", General, anyScreen &^ HelpScreen},
		{Close, []string{"esc", "q"}, "back", "go back", General, HelpScreen | DialogueScreen | AccountsScreen},
		{Close, []string{"esc", "enter", "q"}, "back", "back to the list", General, Summary},
		{Close, []string{"esc"}, "close", "close the preview, range or filter; stop connecting", General, rows | Opening},
		{Quit, []string{"q"}, "quit", "leave; asks when there are marks; never commits", General, rows | Opening},
		{Suspend, []string{"ctrl+z"}, "suspend", "stop for a while; the mailbox is let go first", General, Everywhere &^ Committing},
		{Leave, []string{"ctrl+c"}, "leave", "leave from anywhere; never commits", General, Everywhere},
	}
}
