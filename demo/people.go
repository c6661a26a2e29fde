package demo

import "time"

const (
	hour = time.Hour
	day  = 24 * time.Hour
	kilo = 1000
	mega = 1000 * 1000
)

// people are letters that one would want to keep.
func people() []letter {
	return []letter{
		{
			slug: "walnut-cake", ago: 25 * time.Minute, zone: 1, from: person{"Ada Quill", "ada.quill@example.net"},
			subject: "Sunday, and a walnut cake",
			body: `
Dear Sam,

the oven is mended and wants to be believed. Come on Sunday at three,
bring the long ladder, and I will have a walnut cake that is larger
than last time. The cat will be shut away.

Ada

P.S. The ladder is not for the cake.
`,
		},
		{
			slug: "lost-umbrella", ago: 5*hour + 12*time.Minute, zone: 1, from: person{"Benedikt Harrow", "ben@example.org"},
			subject: "Re: whose umbrella is this?",
			headers: []string{"In-Reply-To: <umbrella.1@example.org>", "References: <umbrella.1@example.org>"},
			body: `
> Green, wooden handle, two bent ribs, smells of harbour.

That is mine, and it is the sea that smells of the umbrella.
I pass by on Thursday.

Ben
`,
		},
		{
			slug: "accordion", ago: 1*day + 3*hour, zone: 0, from: person{"Chiara Dolce", "chiara@music.example"},
			subject: "The accordion is still in your hallway",
			body: `
Sam, it has been eleven weeks. I know that you say it holds the coats
very well. It is nevertheless an accordion, and I have a concert.

Chiara
`,
		},
		{
			slug: "noel", ago: 2*day + 7*hour, zone: 1, from: person{"François Lefèvre", "francois.lefevre@example.com"},
			subject: "Réveillon à la maison : qui apporte les huîtres ?", charset: latin1, words: wordsQ, code: quoted,
			body: `
Chers tous,

on sera quatorze à table, dont deux végétariens et un oncle.
Sam, tu apportes le café : le tien empêche de dormir jusqu'à l'Épiphanie.

À bientôt,
François
`,
		},
		{
			slug: "grandmother", ago: 4*day + 1*hour, zone: 1, from: person{"Großmutter Hedwig", "hedwig@example.net"},
			subject: "Mein erster E-Mail-Brief ❤️ (bitte bestätigen)", code: quoted,
			body: `
Lieber Sam,

der Herr vom Kurs sagt, man müsse unten nichts mehr unterschreiben.
Ich tue es trotzdem.

Das Wetter ist schön, der Apfelbaum trägt. Schreib, ob dies ankommt;
ich rufe sonst um sechs an. Ich rufe auch an, wenn es ankommt.

Deine Großmutter Hedwig
`,
			attach: []attachment{{"Apfelbaum – größer als ich.jpg", "image/jpeg", 1700 * kilo}},
		},
		{
			slug: "choir", ago: 6 * day, zone: 0, from: person{"Esther Lindgren", "esther@choir.example"},
			to:      "tenors@choir.example",
			subject: "Tenors: bar 46, once more",
			body: `
Dear tenors,

bar 46 is a quarter rest. It is the most beautiful bar of the evening,
and on Tuesday all five of you sang in it.

Esther
`,
		},
		{
			slug: "beehive", ago: 9*day + 2*hour, zone: 2, from: person{"Jonas Berg", "jonas.berg@example.org"},
			subject: "The bees have moved. Please do not open the shed.",
			body: `
Nobody is in danger, but the shed is theirs now.

Jonas
`,
			attach: []attachment{{"bees-1.jpg", "image/jpeg", 340 * kilo}, {"bees-2.jpg", "image/jpeg", 410 * kilo}},
		},
		{
			slug: "poem", ago: 15*day + 9*hour, zone: -5, from: person{"Mona Castell", "mona@example.com"},
			subject: "a very short poem",
			body: `
.
.. the dot at the start of this line is part of the poem
.

(So are the others. Does your mail program keep them? Mine ate two.)
`,
		},
		{
			slug: "chess", ago: 21*day + 4*hour, zone: 3, from: person{"Farid Nazari", "farid@example.net"},
			subject: "17. ... Qd7?!",
			body: `
I have thought about it for nine days. Your move.

F.
`,
		},
	}
}

// work is what an office sends.
func work() []letter {
	return []letter{
		{
			slug: "minutes", ago: 3 * hour, zone: 1, from: person{"Greta Holm", "greta.holm@work.example"}, to: "team@work.example",
			subject: "Minutes of Monday's meeting (short: we meet again on Tuesday)",
			body: `
Present: all. Absent: the agenda.

1. The migration is on time. The time has been moved.
2. Nobody has printed anything since May; the printer stays.
3. Sam asks whether mail could be looked at before it is downloaded.

Greta
`,
			attach: []attachment{{"minutes.pdf", "application/pdf", 96 * kilo}},
		},
		{
			slug: "build-failed", ago: 8 * hour, from: person{"Build Robot", "robot@build.example"},
			subject: "[build] FAILED: lighthouse #4182 on main",
			headers: []string{"Auto-Submitted: auto-generated", "X-Build-Status: failure"},
			body: `
Build #4182 of lighthouse failed after 3 min 12 s.

    --- FAIL: TestLampTurns (0.02s)
        lamp_test.go:41: turned 359 degrees, want 360

Last good build: #4181.
`,
		},
		{
			slug: "build-fixed", ago: 7*hour + 20*time.Minute, from: person{"Build Robot", "robot@build.example"},
			subject: "[build] FIXED: lighthouse #4183 on main",
			headers: []string{"Auto-Submitted: auto-generated", "X-Build-Status: success"},
			body:    "\nBuild #4183 of lighthouse is green again. The lamp turns.\n",
		},
		{
			slug: "invoice", ago: 1*day + 6*hour, zone: 1, from: person{"Accounts, Northern Office", "accounts@work.example"},
			subject: "Invoice 2207-113: the reminder of the reminder",
			body: `
Dear Mr Reader,

this is to remind you of our reminder. If you have paid in the meantime,
please disregard the next reminder also.
`,
			attach: []attachment{{"invoice-2207-113.pdf", "application/pdf", 184 * kilo}},
		},
		{
			slug: "calendar", ago: 2*day + 30*time.Minute, zone: 1, from: person{"Hugo Marchetti", "hugo@work.example"},
			subject: "Invitation: Planning the planning @ Thursday 10:00",
			headers: []string{"Content-Class: urn:content-classes:calendarmessage"},
			body:    "\nWhen: Thursday, 10:00 to 11:30\nWhere: the room with the warm wall\nWhat: what to plan, and when to plan it\n",
			attach:  []attachment{{"invite.ics", "text/calendar", 3 * kilo}},
		},
		{
			slug: "out-of-office", ago: 3*day + 5*hour, zone: 2, from: person{"Ines Caldeira", "ines@work.example"},
			subject: "Automatic reply: quick question",
			headers: []string{"Auto-Submitted: auto-replied", "Precedence: bulk"},
			body: `
I am away until the 30th. In urgent cases please write to Hugo,
who is away until the 31st.
`,
		},
		{
			slug: "backup", ago: 12 * hour, from: person{"Night Backup", "backup@work.example"},
			subject: "backup of /home: 0 errors, 1 worry",
			headers: []string{"Auto-Submitted: auto-generated"},
			body: `
started   02:00:01
finished  02:41:17
files     1,204,518 (+312)
errors    0
worry     /home/sam/accordion.wav has grown by 2 GB since yesterday
`,
		},
		{
			slug: "password-expires", ago: 5*day + 2*hour, zone: 1, from: person{"IT Help Desk", "helpdesk@work.example"},
			subject: "Your password expires in 14 days", hops: 1,
			headers: []string{
				"Authentication-Results: mx1.example.org;\n\tspf=pass smtp.mailfrom=work.example;\n\tdkim=pass header.d=work.example;\n\tdmarc=pass header.from=work.example",
			},
			body: `
This is a real one: we will never ask for it by mail. Change it at your
own desk, with the keys of your own keyboard.
`,
		},
	}
}
