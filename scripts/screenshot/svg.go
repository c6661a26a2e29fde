package main

import (
	"fmt"
	"html"
	"image/color"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
)

// A cell's size in the picture, and the frame around the terminal.
const (
	cellWidth  = 8.4
	cellHeight = 18.0
	margin     = 14.0
	bar        = 26.0 // the window's title bar
)

// colors are a terminal's palette.
type colors struct {
	fg, bg, edge string
	ansi         [8]string
}

func palette(light bool) colors {
	if light {
		return colors{
			"#24292f", "#ffffff", "#d0d7de",
			[8]string{"#24292f", "#b3261e", "#1a7f37", "#8a6100", "#0550ae", "#8250df", "#0f6b74", "#6e7781"},
		}
	}
	return colors{
		"#d8dee9", "#14181f", "#2b313c",
		[8]string{"#14181f", "#f2777a", "#8fcf8f", "#e5c06b", "#7fb0f0", "#c9a0e8", "#6fc7cf", "#d8dee9"},
	}
}

// draw turns a frame with its SGR sequences into an SVG picture, cell by cell, so that wide characters stand
// where a terminal puts them.
func draw(frame string, width, height int, c colors) string {
	cells := uv.NewScreenBuffer(width, height)
	uv.NewStyledString(frame).Draw(cells, cells.Bounds())
	w, h := float64(width)*cellWidth+2*margin, float64(height)*cellHeight+2*margin+bar
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f">`+"\n", w, h, w, h)
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" rx="9" fill="%s" stroke="%s"/>`+"\n", w, h, c.bg, c.edge)
	for i := range 3 {
		fmt.Fprintf(&b, `<circle cx="%d" cy="18" r="5.5" fill="%s"/>`+"\n", 22+20*i, c.edge)
	}
	b.WriteString(`<g font-family="ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace" font-size="14" xml:space="preserve">` + "\n")
	for y := range height {
		drawLine(&b, cells, y, width, c)
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// drawLine draws a line's cells, those of one look together.
func drawLine(b *strings.Builder, cells uv.ScreenBuffer, y, width int, c colors) {
	for x := 0; x < width; {
		cell := cells.CellAt(x, y)
		if cell == nil || cell.Width == 0 {
			x++
			continue
		}
		if drawBlock(b, cell, x, y, c) {
			x++
			continue
		}
		start, style, text := x, cell.Style, cell.Content
		x += cell.Width
		for plain(cell) && x < width {
			next := cells.CellAt(x, y)
			if next == nil || !plain(next) || !next.Style.Equal(&style) {
				break
			}
			text += next.Content
			x++
		}
		drawText(b, text, start, x, y, style, c)
	}
}

// plain tells whether a cell can be drawn together with its neighbours: where a font may make a character
// wider or narrower than its cells, it has a place of its own.
func plain(cell *uv.Cell) bool {
	return cell.Width == 1 && len(cell.Content) == 1
}

func drawText(b *strings.Builder, text string, start, end, y int, s uv.Style, c colors) {
	left, top := margin+float64(start)*cellWidth, margin+bar+float64(y)*cellHeight
	fill, back, opacity := c.of(s.Fg, c.fg), c.of(s.Bg, ""), ""
	if s.Attrs&uv.AttrReverse != 0 {
		fill, back = c.bg, fill
	}
	if back != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", left, top, float64(end-start)*cellWidth, cellHeight, back)
	}
	if s.Attrs&uv.AttrFaint != 0 {
		opacity = ` opacity="0.62"`
	}
	if s.Underline != uv.UnderlineNone {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="1" fill="%s" opacity="0.35"/>`+"\n", left, top+cellHeight-1, float64(end-start)*cellWidth, fill)
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	weight := ""
	if s.Attrs&uv.AttrBold != 0 {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" textLength="%.1f" lengthAdjust="spacingAndGlyphs" fill="%s"%s%s>%s</text>`+"\n",
		left, top+cellHeight-4.6, float64(end-start)*cellWidth, fill, weight, opacity, html.EscapeString(text))
}

// isBlock tells whether a cell is one of the blocks that bars are made of.
func isBlock(content string) bool {
	r := []rune(content)
	return len(r) == 1 && (r[0] >= '█' && r[0] <= '▏')
}

// drawBlock draws the blocks of bars as rectangles: fonts leave gaps between them.
func drawBlock(b *strings.Builder, cell *uv.Cell, x, y int, c colors) bool {
	if !isBlock(cell.Content) {
		return false
	}
	eighths := 8 - float64([]rune(cell.Content)[0]-'█')
	fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n",
		margin+float64(x)*cellWidth, margin+bar+float64(y)*cellHeight+3, cellWidth*eighths/8, cellHeight-6, c.of(cell.Style.Fg, c.fg))
	return true
}

// of gives the palette's colour for a cell's.
func (c colors) of(have color.Color, otherwise string) string {
	if basic, ok := have.(ansi.BasicColor); ok && int(basic) < len(c.ansi) {
		return c.ansi[basic]
	}
	return otherwise
}
