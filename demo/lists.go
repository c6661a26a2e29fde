package demo

import "time"

// listHeaders are what mailing list software adds.
func listHeaders(title, id, kind string) []string {
	return []string{
		"List-Id: " + title + " <" + id + ">",
		"List-Post: <mailto:" + kind + "@lists.example>",
		"List-Unsubscribe: <mailto:" + kind + "-leave@lists.example>, <https://lists.example/leave/" + kind + ">",
		"Precedence: list",
	}
}

// lists are mailing lists.
func lists() []letter {
	lamp := listHeaders("Lighthouse development", "lamp-devel.lists.example", "lamp-devel")
	bikes := listHeaders("Old bicycles", "old-bikes.lists.example", "old-bikes")
	return []letter{
		{
			slug: "lamp-patch-0", ago: 1*day + 1*hour, zone: -3, from: person{"Priya Raman", "priya@example.com"}, to: "lamp-devel@lists.example",
			subject: "[PATCH 0/3] lamp: stop turning backwards in leap seconds", headers: lamp, hops: 2,
			body: `
Hi all,

every few years our lamp turns the other way for one second, and a
trawler writes to us. This series makes time go forward only.

 lamp/clock.go      | 12 +++++++-----
 lamp/clock_test.go | 31 +++++++++++++++++++++++++++++++
 lamp/turn.go       |  4 ++--
 3 files changed, 40 insertions(+), 7 deletions(-)
`,
		},
		{
			slug: "lamp-patch-1", ago: 1*day + 58*time.Minute, zone: -3, from: person{"Priya Raman", "priya@example.com"}, to: "lamp-devel@lists.example",
			subject: "[PATCH 1/3] lamp: use the monotonic clock", headers: lamp, hops: 2,
			body: `
The wall clock may go backwards; the lamp may not.

diff --git a/lamp/turn.go b/lamp/turn.go
--- a/lamp/turn.go
+++ b/lamp/turn.go
@@ -17,3 +17,3 @@ func (l *Lamp) angle(at time.Time) float64 {
-	return float64(at.Unix()%12) * 30
+	return math.Mod(at.Sub(l.lit).Seconds(), 12) * 30
 }
`,
		},
		{
			slug: "lamp-re", ago: 20 * hour, zone: 9, from: person{"Keiko Arata", "keiko@example.net"}, to: "lamp-devel@lists.example",
			subject: "Re: [PATCH 1/3] lamp: use the monotonic clock", headers: lamp, hops: 2,
			body: `
> The wall clock may go backwards; the lamp may not.

Reviewed. May I quote this on a mug?

-- 
Keiko
`,
		},
		{
			slug: "lamp-flame", ago: 18 * hour, zone: 2, from: person{"Nils Overgaard", "nils@example.org"}, to: "lamp-devel@lists.example",
			subject: "Re: Re: Re: Re: [PATCH 1/3] lamp: tabs or spaces, at last", headers: lamp, hops: 2,
			body: `
I had promised myself not to answer, which is why this is only
three pages.
`,
		},
		{
			slug: "bikes-saddle", ago: 3 * day, zone: 0, from: person{"Liam Oduya", "liam@example.com"}, to: "old-bikes@lists.example",
			subject: "[old-bikes] WTB: saddle, any colour, must have seen things", headers: bikes, hops: 1,
			body: "\nLeather, riveted, no springs. Will swap for a bell that rings in E flat.\n",
		},
		{
			slug: "bikes-digest", ago: 7*day + 3*hour, zone: 0, from: person{"", "old-bikes-request@lists.example"}, to: "old-bikes@lists.example",
			subject: "[old-bikes] Digest, Vol 88, Issue 4", headers: bikes, hops: 1,
			body: `
Today's topics:

   1. Saddle, any colour (Liam Oduya)
   2. Re: Saddle, any colour (Hugo Marchetti)
   3. How does one leave this list? (Ben Harrow)
   4. Re: How does one leave this list? (everybody)
`,
			attach: []attachment{{"digest.txt", "text/plain", 71 * kilo}},
		},
		{
			slug: "bikes-unsubscribe", ago: 7*day + 1*hour, zone: 1, from: person{"Benedikt Harrow", "ben@example.org"}, to: "old-bikes@lists.example",
			subject: "[old-bikes] unsubscribe", headers: bikes, hops: 1,
			body: "\nunsubscribe\n",
		},
		{
			slug: "neighbours", ago: 10*day + 6*hour, zone: 1, from: person{"Olga Petrenko", "olga@example.net"}, to: "mill-street@lists.example",
			subject: "[mill-street] The peacock is back",
			headers: listHeaders("Mill Street neighbours", "mill-street.lists.example", "mill-street"),
			body: `
He sits on number 14 and shouts at the bins. Please do not feed him,
Jonas. Jonas, please.
`,
		},
	}
}

// newsletters come whether one reads them or not.
func newsletters() []letter {
	return []letter{
		newsletter("kettle-311", 11*hour, "The Daily Kettle", "kettle@news.example", "☕ Steam today: seven things that boil", 42),
		newsletter("kettle-310", 1*day+11*hour, "The Daily Kettle", "kettle@news.example", "☕ Whistles, ranked by regret", 39),
		newsletter("kettle-309", 2*day+11*hour, "The Daily Kettle", "kettle@news.example", "☕ Descaling: a love story", 44),
		newsletter("sleeper", 4*day+8*hour, "Sleeper Trains Monthly", "hello@trains.example", "Eleven berths with a view of the dining car", 120),
		newsletter("garden", 8*day+8*hour, "Under Glass", "letters@garden.example", "Your tomatoes are talking about you", 68),
		newsletter("maps", 13*day+8*hour, "Maps & Misreadings", "editor@maps.example", "North is a matter of opinion", 87),
	}
}
