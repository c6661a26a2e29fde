package ledger

import (
	"context"
	"database/sql"
	"strings"
)

// insertAll puts n rows of so many columns, many in each statement: a statement costs
// more than the rows in it. Insert is the statement up to VALUES; row appends the i-th
// row's values.
func insertAll(ctx context.Context, tx *sql.Tx, insert string, columns, n int, row func(args []any, i int) []any) error {
	most := min(n, maxVariables/columns)
	if most == 0 {
		return nil
	}
	one := "(" + strings.Repeat("?,", columns-1) + "?)"
	text := func(rows int) string { return insert + " VALUES " + strings.Repeat(one+",", rows-1) + one }
	put, err := tx.PrepareContext(ctx, text(most))
	if err != nil {
		return err
	}
	defer closeStatement(put)
	args := make([]any, 0, most*columns)
	for at := 0; at < n; at += most {
		rows := min(most, n-at)
		args = args[:0]
		for i := range rows {
			args = row(args, at+i)
		}
		if rows == most {
			_, err = put.ExecContext(ctx, args...)
		} else {
			_, err = tx.ExecContext(ctx, text(rows), args...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
