// Package keymap holds one table of what keys do: each action with its keys, its words, its group and the
// contexts in which it means something. The screen looks keys up in it, the help and the line of hints at the
// foot of the screen are made from it, the README's key list is printed from it, and a person's override file
// changes it.
//
// The package knows keys by their names only ("j", "ctrl+d", "space"). It leaves to the screen how a terminal
// sends them and what an action does.
package keymap
