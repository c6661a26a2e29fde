package message

import "strings"

// flowedText joins the lines of format=flowed text (RFC 3676) to paragraphs: a line that ends in a space goes on
// in the next one of the same quote depth. Quoted lines come out behind their marks.
func flowedText(text string, delSp bool) string {
	var out, para strings.Builder
	depth, open := 0, false
	flush := func() {
		if !open {
			return
		}
		if depth > 0 {
			out.WriteString(strings.Repeat(">", depth))
			out.WriteByte(' ')
		}
		out.WriteString(para.String())
		out.WriteByte('\n')
		para.Reset()
		open = false
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		content := strings.TrimLeft(line, ">")
		d := len(line) - len(content)
		content = strings.TrimPrefix(content, " ") // space-stuffing
		if d != depth {
			flush()
			depth = d
		}
		signature := content == "-- "
		if signature {
			flush()
		}
		flowed := strings.HasSuffix(content, " ") && !signature
		if flowed && delSp {
			content = content[:len(content)-1]
		}
		para.WriteString(content)
		open = true
		if !flowed {
			flush()
		}
	}
	flush()
	return out.String()
}

// takeUUFiles takes uuencoded files out of plain text, as mail had them before MIME, and lists them.
func takeUUFiles(text string, attach func(name string, octets int64, complete bool)) string {
	if !strings.HasPrefix(text, "begin ") && !strings.Contains(text, "\nbegin ") {
		return text
	}
	var out strings.Builder
	for text != "" {
		line, rest := nextLine(text)
		name, ok := uuBegin(line, rest)
		if !ok {
			out.WriteString(line)
			text = rest
			continue
		}
		end, complete := len(rest), false
		if strings.HasPrefix(rest, "end") {
			end, complete = 0, true
		} else if i := strings.Index(rest, "\nend"); i >= 0 {
			end, complete = i+1, true
		}
		attach(name, int64(len(decodeUU([]byte(rest[:end])))), complete)
		_, text = nextLine(rest[end:])
	}
	return out.String()
}

// uuBegin tells whether line begins a file whose data follow in rest, and gives its name.
func uuBegin(line, rest string) (name string, ok bool) {
	fields := strings.SplitN(strings.TrimRight(line, "\r\n"), " ", 3)
	if len(fields) != 3 || fields[0] != "begin" || len(fields[1]) < 3 || len(fields[1]) > 4 || strings.Trim(fields[1], "01234567") != "" {
		return "", false
	}
	data, _ := nextLine(rest)
	data = strings.TrimRight(data, "\r\n")
	return fields[2], data == "`" || strings.HasPrefix(data, "M") && len(data) >= 60 || len(data) > 1 && len(data) < 62 && len(data) >= int(data[0]-' ')&0x3f
}

// nextLine cuts the first line, its end included, off s.
func nextLine(s string) (line, rest string) {
	i := strings.IndexByte(s, '\n')
	if i < 0 {
		return s, ""
	}
	return s[:i+1], s[i+1:]
}
