package demo

import (
	"fmt"
	"strings"
	"time"
)

// newsletter has a text and an HTML part, and far too much of the latter.
func newsletter(slug string, ago time.Duration, name, addr, subject string, blocks int) letter {
	_, domain, _ := strings.Cut(addr, "@")
	var html strings.Builder
	fmt.Fprintf(&html, "<html><head><title>%s</title><style>td{font-family:sans-serif;padding:8px}</style></head><body><table width=600>\n", name)
	fmt.Fprintf(&html, "<tr><td><h1>%s</h1><p>%s</p></td></tr>\n", name, subject)
	for i := range blocks {
		fmt.Fprintf(&html, "<tr><td style=\"background-color:#f%df%df0\"><a href=\"https://track.%s/c/%s/%d?u=00412\"><img src=\"https://img.%s/%s/%d.png\" width=560 height=120 alt=\"\"></a>"+
			"<p>Item %d: the reader will want to know more, and may click to be told less.</p></td></tr>\n", i%10, i*7%10, domain, slug, i, domain, slug, i, i+1)
	}
	fmt.Fprintf(&html, "</table><p><small>You get this because you once did not untick a box. <a href=\"https://%s/leave\">Leave</a></small></p>"+
		"<img src=\"https://track.%s/open/%s.gif\" width=1 height=1></body></html>\n", domain, domain, slug)
	return letter{
		slug: slug, ago: ago, zone: -7, from: person{name, addr}, subject: subject, code: quoted, hops: 1,
		headers: []string{
			"List-Id: " + name + " <" + strings.ReplaceAll(addr, "@", ".") + ">",
			"List-Unsubscribe: <https://" + domain + "/leave?u=00412>, <mailto:leave@" + domain + ">",
			"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
			"Authentication-Results: mx1.example.org; spf=pass smtp.mailfrom=" + domain + "; dkim=pass header.d=" + domain + "; dmarc=pass",
			"Precedence: bulk",
		},
		body: fmt.Sprintf("%s\n%s\n\n%d items, all of them best seen in a browser:\nhttps://%s/issue/%s\n\nLeave: https://%s/leave\n",
			name, strings.Repeat("=", len(name)), blocks, domain, slug, domain),
		html: html.String(),
	}
}

// shops sell things and tell where they are.
func shops() []letter {
	return []letter{
		{
			slug: "parcel", ago: 2 * hour, zone: 1, from: person{"Parcel Service", "no-reply@parcel.example"},
			subject: "Your parcel has been left with a neighbour you have not met", hops: 1,
			headers: []string{"Auto-Submitted: auto-generated"},
			body:    "\nParcel 0081 4420 17 was left at: MILL STREET 14 (PEACOCK).\n",
			html:    "<html><body><p>Parcel <b>0081 4420 17</b> was left at: <b>MILL STREET 14 (PEACOCK)</b>.</p></body></html>\n",
		},
		{
			slug: "order", ago: 2*day + 4*hour, zone: 1, from: person{"Ladder & Sons", "orders@shop.example"},
			subject: "Order 5518: one ladder, long", hops: 1,
			body: "\n1 x ladder, long ............ 89.00\n1 x ladder, delivery of .....  89.00\n",
		},
		{
			slug: "sale", ago: 3*day + 9*hour, zone: -5, from: person{"Garden Shop", "offers@shop.example"},
			subject: "30 % off everything you bought yesterday", hops: 1,
			headers: []string{"List-Unsubscribe: <https://shop.example/leave>", "Precedence: bulk"},
			html:    "<html><body><h1>SALE</h1><p>Everything that you bought yesterday is <font color=red>30&nbsp;% cheaper</font> today.</p><p><a href=\"https://shop.example/why\">Why?</a></p></body></html>\n",
		},
		{
			slug: "tickets", ago: 6*day + 5*hour, zone: 1, from: person{"Ticket Office", "tickets@theatre.example"},
			subject: "Your tickets: An Evening of Rests (row 4, seats 11 and 12)",
			body:    "\nPlease print the attachment, or learn it by heart.\n",
			attach:  []attachment{{"tickets.pdf", "application/pdf", 640 * kilo}},
		},
		{
			slug: "login-alert", ago: 11*day + 2*hour, from: person{"Account Security", "security@service.example"},
			subject: "New login from a kettle", hops: 1,
			headers: []string{"Authentication-Results: mx1.example.org; spf=pass; dkim=pass header.d=service.example; dmarc=pass"},
			body:    "\nA device of the kind KETTLE logged in to your account at 07:02.\nIf it was you making tea, there is nothing to do.\n",
		},
		{
			slug: "review", ago: 18*day + 7*hour, from: person{"Ladder & Sons", "orders@shop.example"},
			subject: "How was your ladder? 1 rung = poor, 14 rungs = excellent", hops: 1,
			headers: []string{"List-Unsubscribe: <https://shop.example/leave>"},
			body:    "\nIt takes a minute. Please answer from the ground.\n",
		},
	}
}

// spam is what nobody wants to download.
func spam() []letter {
	spammy := func(score string, more ...string) []string {
		return append([]string{
			"X-Spam-Flag: YES", "X-Spam-Status: Yes, score=" + score + " required=5.0 tests=HTML_MESSAGE,URIBL_BLACK,BAYES_99",
			"X-Spam-Level: " + strings.Repeat("*", 12),
		}, more...)
	}
	phish := "Authentication-Results: mx1.example.org; spf=fail smtp.mailfrom=bank.example; dkim=none; dmarc=fail header.from=bank.example"
	return []letter{
		{
			slug: "spam-prince", ago: 4 * hour, zone: 0, from: person{"Prince of a Country", "prince@royal.example"},
			subject: "YOUR URGENT RESPONSE IS NEEDED, MOST ESTEEMED FRIEND", headers: spammy("18.2"), hops: 3,
			body: "\nI am in possession of FORTY MILLION umbrellas and seek an honest hallway.\n",
		},
		{
			slug: "spam-bank", ago: 6 * hour, zone: 3, from: person{"Your Bank", "security@bank.example"},
			subject: "Your account is suspended: verify within 24 hours", headers: append(spammy("14.7"), phish), hops: 3,
			html: "<html><body><p>Dear customer,</p><p>please confirm your password at <a href=\"https://bank.example.login.invalid/verify\">https://bank.example</a> now.</p><div style=\"display:none\">walnut ladder choir</div></body></html>\n",
		},
		{
			slug: "spam-pills", ago: 15 * hour, zone: -8, from: person{"P1lls 4 Less", "deals@pills.example"},
			subject: "V.1.T.A.M.1.N.5 at n0 pr1ce — d0ct0rs hate this", headers: spammy("22.0"), hops: 2,
			html: "<html><body><center><font size=7>BUY</font></center>" + strings.Repeat("<p>cheap cheap cheap said the bird</p>\n", 220) + "</body></html>\n",
		},
		{
			slug: "spam-lottery", ago: 1*day + 14*hour, zone: 8, from: person{"INTERNATIONAL LOTTERY", "winner@lottery.example"},
			subject: "Congratulations!!! You have won a lottery that you did not enter", headers: spammy("16.1"), hops: 2,
			body: "\nTo claim it, send your details and the exact shape of your signature.\n",
		},
		{
			slug: "spam-seo", ago: 2*day + 16*hour, zone: 5, from: person{"Rick (SEO)", "rick@rank.example"},
			subject: "Re: Re: your website is on page 2", headers: spammy("7.9"), hops: 2,
			body: "\nHi, I was just looking at your website (you have no website) and noticed\nit could be on page 1.\n",
		},
		{
			slug: "spam-invoice", ago: 3*day + 2*hour, zone: 4, from: person{"Accounts Payable", "billing@invoices.example"},
			subject: "Scanned invoice attached, please open to enable editing", headers: spammy("19.4"), hops: 3,
			body:   "\nSee attach.\n",
			attach: []attachment{{"invoice.pdf.exe", "application/octet-stream", 2400 * kilo}},
		},
		{
			slug: "spam-crypto", ago: 5*day + 13*hour, zone: -4, from: person{"Elena", "elena@hearts.example"},
			subject: "hi dear 🌹 i saw your profile on the ladder forum", headers: spammy("11.5"), hops: 2,
			code: based, body: "\nDo you also invest in kettles? My uncle has a method.\n",
		},
		{
			slug: "spam-watches", ago: 12*day + 20*hour, zone: 7, from: person{"Replica World", "time@watches.example"},
			subject: "Genuine imitation watches", headers: spammy("15.8"), hops: 2,
			body: "\nThey show the right time. It is not always yours.\n",
		},
	}
}
