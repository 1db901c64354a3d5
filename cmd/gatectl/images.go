package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// maxImages is how many images one command asks about.
const maxImages = 100

// maxList bounds a file of images in bytes: as many of the longest references
// the gate takes.
const maxList = maxImages * 2048

// listed are the images of the command line and then those of a file, each
// once. Errors are CodeInvalid and name the line.
func listed(cmd *cobra.Command, args []string, file string) ([]string, error) {
	images := slices.Clone(args)
	where := make([]string, len(images))
	if file != "" {
		text, err := listText(cmd, file)
		if err != nil {
			return nil, err
		}
		for i, line := range strings.Split(text, "\n") {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line != "" {
				images, where = append(images, line), append(where, fmt.Sprintf("%s:%d: ", file, i+1))
			}
		}
	}
	var out []string
	for i, image := range images {
		if _, err := registryImage(image); err != nil {
			return nil, usage("%s%v", where[i], err)
		}
		if !slices.Contains(out, image) {
			out = append(out, image)
		}
		if len(out) > maxImages {
			return nil, usage("more than %d images are named: ask about them in several commands", maxImages)
		}
	}
	if len(out) == 0 && file != "" {
		return nil, usage("%s names no image: write one a line", file)
	}
	if len(out) == 0 {
		return nil, usage("name an image, or with --file a file that has one a line")
	}
	return out, nil
}

func listText(cmd *cobra.Command, file string) (string, error) {
	read := func() ([]byte, error) { return readSmall(file, maxList) }
	if file == "-" {
		read = func() ([]byte, error) { return readBounded(cmd.InOrStdin(), maxList) }
	}
	data, err := read()
	switch {
	case err != nil && os.IsNotExist(err):
		return "", usage("there is no file %s: name another with --file", file)
	case err != nil:
		return "", usage("--file %s cannot be read: %v", file, err)
	}
	return strings.TrimPrefix(string(data), "\ufeff"), nil
}
