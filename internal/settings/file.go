package settings

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

// maxFile bounds the configuration file in bytes.
const maxFile = 1 << 20

// configFile reads the file of flag values, if one is named.
func configFile(cmd *cobra.Command) (map[string]string, string, error) {
	name, _ := cmd.Flags().GetString("config")
	if name == "" {
		name = os.Getenv(Variable("config"))
	}
	if name == "" {
		return nil, "", nil
	}
	info, err := os.Stat(name)
	if err == nil && info.Size() > maxFile {
		err = fmt.Errorf("%d bytes are more than %d", info.Size(), maxFile)
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(name)
	}
	var values map[string]string
	if err == nil {
		values, err = flagValues(data)
	}
	if err != nil {
		return nil, name, invalid("the configuration file %s cannot be used: %v", name, err)
	}
	return values, name, nil
}

// flagValues are the values of a file as they are written there, so that 010
// and 2026-06-01 mean what they mean on the command line. A list is what the
// command line would have, values with commas between; a key with nothing after
// it sets nothing.
func flagValues(data []byte) (map[string]string, error) {
	var raw map[string]yaml.Node
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	values := map[string]string{}
	for key, n := range raw {
		parts := []*yaml.Node{&n}
		if of(&n).Kind == yaml.SequenceNode {
			parts = of(&n).Content
		}
		var texts []string
		size := 0
		for _, part := range parts {
			p := of(part)
			if p.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("%.100q has neither a value nor a list of values", key)
			}
			if p.ShortTag() != "!!null" {
				texts = append(texts, p.Value)
			}
			// A few aliases can stand for gigabytes.
			if size += len(p.Value) + 1; size > maxFile {
				return nil, fmt.Errorf("%.100q has more than %d bytes", key, maxFile)
			}
		}
		if texts != nil {
			values[key] = strings.Join(texts, ",")
		}
	}
	return values, nil
}

// of is what an alias stands for.
func of(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
