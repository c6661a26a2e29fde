package demo

import "time"

// oddities are what a careful program must bear.
func oddities() []letter {
	return []letter{
		{
			// Control characters that would write on a terminal: a title, a link,
			// the clipboard, a cleared screen, C1, and a turned reading direction.
			slug: "hostile", ago: 35 * time.Minute, from: person{"", "mallory@evil.example"}, hops: 2,
			raw: "From: \"Mallory \x1b[2J\x1b[1;1H\" <mallory@evil.example>\n" +
				"Subject: \x1b]0;owned\x07\x1b]8;;https://evil.example/\x1b\\click\x1b]8;;\x1b\\ \x1b]52;c;cm0gLXJmIH4=\x07" +
				"\x1b[31mRED\x1b[0m \xc2\x9b5m invoice\xe2\x80\xaefdp.exe\xe2\x80\xac \x08\x08\x7f bell\x07",
			body: "\nThis body tries it too: \x1b[2J\x1b[H\x1b]0;owned\x07 and \xc2\x9b31m\nand a carriage\x0breturn.\n",
		},
		{
			slug: "hostile-encoded", ago: 1*day + 2*hour, from: person{"", "mallory@evil.example"}, hops: 2,
			raw: "From: =?UTF-8?B?G1syShtdMDtvd25lZAdNYWxsb3J5?= <mallory@evil.example>\n" +
				"Subject: =?UTF-8?Q?Your_file_=E2=80=AEgnp.exe=E2=80=AC_=1B=5D52=3Bc=3BZXZpbA=3D=3D=07?=",
			body: "\nEncoded words can hold what no header line may.\n",
		},
		{
			slug: "no-subject", ago: 7 * hour, zone: 1, from: person{"Jonas Berg", "jonas.berg@example.org"},
			subject: "-", body: "\nThe bees again. Call me.\n",
		},
		{
			slug: "empty", ago: 16*day + 1*hour, zone: 1, from: person{"", "fax@work.example"},
			subject: "(empty fax)", body: "\n",
		},
		{
			slug: "long-subject", ago: 9*day + 9*hour, zone: -6, from: person{"Department of Long Titles", "titles@office.example"},
			subject: "Notice concerning the notice concerning the proposed amendment to the procedure for notices, with annexes A to F, of which annex C is to be read before annex B, " +
				"and superseding the earlier notice of the same title, which has not been sent",
			body: "\nSee subject.\n",
		},
		{
			slug: "html-only", ago: 14*day + 3*hour, zone: 1, from: person{"Under Glass", "letters@garden.example"},
			subject: "HTML only, with entities and a link that lies", charset: utf8Charset,
			headers: []string{"List-Unsubscribe: <mailto:leave@garden.example>"},
			html: "<html><body><script>alert('no')</script><h2>Tomatoes &amp; &#27;[31mfriends</h2><p>Read on at <a href=\"https://evil.example/x\">https://garden.example/</a>.</p>" +
				"<ul><li>Water<li>Light<li>Flattery</ul></body></html>\n",
		},
	}
}

// huge are the messages that block a mailbox.
func huge() []letter {
	return []letter{
		{
			slug: "holiday-film", ago: 1*day + 20*hour, zone: 2, from: person{"Uncle Theodor", "theodor@example.net"},
			subject: "Holiday film, all of it, uncut (watch to the end!!)",
			body:    "\nDear all,\n\nhere is the film. The part with the goat begins after forty minutes.\n\nYour uncle Theodor\n",
			attach:  []attachment{{"HOLIDAY.AVI", "video/x-msvideo", 46 * mega}},
		},
		{
			slug: "scan", ago: 4*day + 4*hour, zone: 1, from: person{"Scanner, 2nd floor", "scanner2@work.example"},
			subject: "Scan from the 2nd floor: 212 pages, 1200 dpi, colour, blank",
			body:    "\nThis device does not read replies. It does not read pages either.\n",
			attach:  []attachment{{"SCN_0001.TIF", "image/tiff", 31 * mega}, {"SCN_0002.TIF", "image/tiff", 27 * mega}},
		},
		{
			slug: "goat-photos", ago: 7*day + 12*hour, zone: 2, from: person{"Uncle Theodor", "theodor@example.net"},
			subject: "Fwd: Fwd: Fwd: the goat (24 photos)",
			body:    "\nSome of you asked about the goat.\n",
			attach:  []attachment{{"goats.zip", "application/zip", 22 * mega}},
		},
		{
			slug: "slides", ago: 10*day + 1*hour, zone: 1, from: person{"Hugo Marchetti", "hugo@work.example"},
			subject: "Slides for Thursday, final, final 2, really final",
			body:    "\nThe logo is now a film.\n",
			attach:  []attachment{{"final_FINAL2.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", 14 * mega}},
		},
	}
}
