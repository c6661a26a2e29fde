package demo

import "time"

// chineseMail is mail as programs in China and Taiwan have written it over the
// years.
func chineseMail() []letter {
	return []letter{
		{
			slug: "zh-spring", ago: 50 * time.Minute, zone: 8, from: person{"李小满", "xiaoman@example.com"},
			subject: "回复：春节聚会的时间和地点", charset: gb2312, code: based,
			headers: []string{"X-Mailer: Foxmail 6, 15, 201, 26 [cn]"},
			body: `
小山：

    你好！聚会定在腊月二十八晚上六点，还是老地方，
后门进，前门的锁去年就坏了。记得带上手风琴。

小满
`,
		},
		{
			slug: "zh-report", ago: 10 * hour, zone: 8, from: person{"财务部 王会计", "wang@work.example"},
			subject: "第三季度报销单（请于周五前交齐，谢谢配合）", charset: gbk, code: based,
			body:   "\n各位同事：\n\n附件为本季度报销汇总。梯子不能作为差旅费报销。\n\n财务部\n",
			attach: []attachment{{"报销汇总-三季度.xls", "application/vnd.ms-excel", 880 * kilo}},
		},
		{
			slug: "zh-rare", ago: 2*day + 9*hour, zone: 8, from: person{"㐂寿堂书店", "books@shop.example"},
			subject: "您订购的《𠮷祥字谱》已发货", charset: gb18030, code: based,
			body: "\n您好，您订购的《𠮷祥字谱》已经发出，单号 0081-4420。\n书中生僻字 㐂、𠮷、镕 均已校对。\n",
		},
		{
			slug: "zh-tw", ago: 3*day + 11*hour, zone: 8, from: person{"陳美玲", "meiling@example.com"},
			subject: "下週的讀書會改到星期四", charset: big5, words: wordsQ, code: quoted,
			body: "\n大家好：\n\n這週颱風來襲，讀書會改到星期四晚上七點。\n請帶雨傘，也請把傘還給班。\n\n美玲\n",
		},
		{
			slug: "zh-utf8", ago: 5*day + 10*hour, zone: 8, from: person{"云端备份服务", "notice@cloud.example"},
			subject: "【重要】您的邮箱空间已使用 97%，请及时清理大附件", code: based,
			headers: []string{"List-Unsubscribe: <https://cloud.example/leave>"},
			body:    "\n尊敬的用户：\n\n您的邮箱空间即将用完。建议在下载之前先删除不需要的大邮件。\n",
		},
		{
			slug: "zh-spam", ago: 1*day + 16*hour, zone: 8, from: person{"发票代理", "fapiao@spam.example"}, words: words8, charset: gb2312,
			subject: "代开各类发票，量大从优，电话：零零零零", hops: 2,
			headers: []string{"X-Spam-Flag: YES", "X-Spam-Status: Yes, score=12.3 required=5.0"},
			body:    "\n本公司代开各类发票，验证后付款。\n",
		},
	}
}

// japaneseMail is mail in the encodings of Japan.
func japaneseMail() []letter {
	return []letter{
		{
			slug: "ja-tea", ago: 9 * hour, zone: 9, from: person{"新田 恵子", "keiko@example.net"},
			subject: "来週のお茶会についてのお知らせとお願い", charset: iso2022jp,
			body: "\nサム様\n\nお世話になっております。来週のお茶会ですが、雨天の場合は\n傘立ての横で行います。アコーディオンはご遠慮ください。\n\n新田\n",
		},
		{
			slug: "ja-order", ago: 4*day + 12*hour, zone: 9, from: person{"やかん専門店", "order@shop.example"},
			subject: "【ご注文確認】笛付きやかん（大）", charset: shiftJIS, code: based,
			body: "\nご注文ありがとうございます。\n\n　笛付きやかん（大）　一個\n\n発送まで三日ほどお待ちください。\n",
		},
		{
			slug: "ja-newsletter", ago: 8*day + 12*hour, zone: 9, from: person{"灯台だより", "news@lighthouse.example"},
			subject: "灯台だより 第41号 ― 特集：霧の日の過ごし方", code: quoted,
			headers: []string{"List-Id: 灯台だより <tayori.lighthouse.example>", "List-Unsubscribe: <mailto:leave@lighthouse.example>"},
			body:    "\n今月の特集は「霧の日の過ごし方」です。\n一、灯りをともす。二、待つ。\n",
		},
	}
}

// russianMail is mail in the encodings of Russia.
func russianMail() []letter {
	return []letter{
		{
			slug: "ru-dacha", ago: 14 * hour, zone: 3, from: person{"Дмитрий Волков", "dmitri@example.org"},
			subject: "Дача, картошка и одна лестница", charset: koi8r, code: plain,
			body: "\nПривет!\n\nКартошку выкопали, лестница нашлась. Приезжай в субботу,\nбудет баня и самовар, который свистит в ми-бемоль.\n\nДима\n",
		},
		{
			slug: "ru-bank", ago: 2*day + 13*hour, zone: 3, from: person{"Отдел снабжения", "supply@work.example"},
			subject: "Счёт на оплату № 44 от поставщика зонтов", charset: windows1251, words: wordsQ, code: quoted,
			body:   "\nДобрый день!\n\nВо вложении счёт за сорок зонтов. Сорок первый — в подарок.\n",
			attach: []attachment{{"schet-44.pdf", "application/pdf", 210 * kilo}},
		},
		{
			slug: "ru-raw", ago: 6*day + 13*hour, zone: 3, from: person{"Ольга", "olga@example.net"},
			subject: "Письмо без кодировки: тема в восьми битах", charset: koi8r, words: words8,
			body: "\nМоя программа старше меня. Видно ли тему?\n\nОльга\n",
		},
	}
}
