package triage

import (
	"slices"
	"testing"

	"popmark/mailbox"
	"popmark/message"
)

func sample() []Row {
	rows := []Row{
		{Envelope: &message.Envelope{From: message.Address{Name: "Zoe", Address: "zoe@b.example"}, Subject: "Re: apples", Date: now, HasDate: true}},
		{Envelope: &message.Envelope{From: message.Address{Address: "amy@A.example"}, Subject: "pears"}, Mark: Delete},
		{},
		{Envelope: &message.Envelope{From: message.Address{Name: "amy", Address: "amy@a.example"}, Subject: "Apples", Date: now.AddDate(0, 0, -1), HasDate: true}, Mark: Move},
	}
	for i, octets := range []int64{300, 100, 400, 100} {
		rows[i].Message = &mailbox.Message{ID: mailbox.ID("u" + string(rune('0'+i))), Number: i + 1, Octets: octets}
	}
	return rows
}

func TestSort(t *testing.T) {
	rows := sample()
	row := func(i int32) Row { return rows[i] }
	for _, tt := range []struct {
		by         Column
		descending bool
		want       []int32
	}{
		{ByNumber, false, []int32{0, 1, 2, 3}},
		{ByNumber, true, []int32{3, 2, 1, 0}},
		{ByOctets, false, []int32{1, 3, 0, 2}},
		{ByOctets, true, []int32{2, 0, 3, 1}},
		{ByDate, false, []int32{3, 0, 1, 2}},
		{ByDate, true, []int32{0, 3, 2, 1}},
		{ByFrom, false, []int32{3, 1, 0, 2}},
		{BySubject, false, []int32{0, 3, 1, 2}},
		{ByMark, false, []int32{3, 1, 0, 2}},
	} {
		indexes := []int32{2, 0, 3, 1}
		Sort(indexes, tt.by, tt.descending, row)
		if !slices.Equal(indexes, tt.want) {
			t.Errorf("by %v, descending %v: %v, want %v", tt.by, tt.descending, indexes, tt.want)
		}
	}
}

func TestColumnsGoRound(t *testing.T) {
	c := ByNumber
	for range columnCount {
		if c.String() == "" {
			t.Errorf("column %d has no name", c)
		}
		c = c.Next()
	}
	if c != ByNumber {
		t.Errorf("the round ends at %v", c)
	}
}

func TestGroupsBySenderAndDomain(t *testing.T) {
	rows := sample()
	row := func(i int32) Row { return rows[i] }
	got := Groups([]int32{0, 1, 2, 3}, BySender, row)
	if len(got) != 3 || got[0].Name != "" || got[1].Name != "zoe@b.example" || got[2].Name != "amy@a.example" ||
		got[2].Octets != 200 || !slices.Equal(got[2].IDs, []mailbox.ID{"u1", "u3"}) {
		t.Errorf("by sender: %+v", got)
	}
	got = Groups([]int32{0, 1, 3}, ByDomain, row)
	if len(got) != 2 || got[0].Name != "b.example" || got[1].Name != "a.example" || got[1].Octets != 200 {
		t.Errorf("by domain: %+v", got)
	}
}
