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

// configFile reads the file of flag values, if one is named. Lists become what
// the command line would have: values with commas between.
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
	var raw map[string]any
	if err == nil {
		err = yaml.Unmarshal(data, &raw)
	}
	if err != nil {
		return nil, name, invalid("the configuration file %s cannot be used: %v", name, err)
	}
	values := map[string]string{}
	for k, v := range raw {
		if list, ok := v.([]any); ok {
			parts := make([]string, len(list))
			for i := range list {
				parts[i] = fmt.Sprint(list[i])
			}
			values[k] = strings.Join(parts, ",")
			continue
		}
		values[k] = fmt.Sprint(v)
	}
	return values, name, nil
}
