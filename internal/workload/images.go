package workload

import (
	"strconv"
	"strings"
)

// Use is one image that an object would run.
type Use struct {
	// Container is the container's name, or the volume's for image volumes.
	Container string
	// List is where it stands: "containers", "initContainers",
	// "ephemeralContainers" or "volumes".
	List  string
	Image string
	// Pointer is the JSON pointer (RFC 6901) of the field that holds it.
	Pointer string
}

// maxDepth bounds how deep an object is searched.
const maxDepth = 40

// Images lists every image an object would run, wherever its pod specs stand:
// a pod itself, the template of a workload, one inside a custom resource. They
// are known by their shape, not by a list of kinds.
func Images(object map[string]any) []Use {
	var out []Use
	eachPodSpec(object, "", 0, func(spec map[string]any, at string) {
		out = append(out, imagesOf(spec, at)...)
	})
	return out
}

// Annotations are those of the object and of every pod template in it.
func Annotations(object map[string]any) []map[string]any {
	var out []map[string]any
	add := func(o map[string]any) {
		if meta, ok := o["metadata"].(map[string]any); ok {
			if a, ok := meta["annotations"].(map[string]any); ok {
				out = append(out, a)
			}
		}
	}
	add(object)
	eachTemplate(object, 0, add)
	return out
}

// eachPodSpec calls f with every mapping that has a list of containers.
func eachPodSpec(value any, at string, depth int, f func(spec map[string]any, at string)) {
	if depth > maxDepth {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		if isPodSpec(v) {
			f(v, at)
			return
		}
		for key, child := range v {
			if key == "metadata" || key == "status" {
				continue
			}
			eachPodSpec(child, at+"/"+escape(key), depth+1, f)
		}
	case []any:
		for i, child := range v {
			eachPodSpec(child, at+"/"+strconv.Itoa(i), depth+1, f)
		}
	}
}

// eachTemplate calls f with every mapping whose spec is a pod's.
func eachTemplate(value any, depth int, f func(template map[string]any)) {
	if depth > maxDepth {
		return
	}
	switch v := value.(type) {
	case map[string]any:
		for key, child := range v {
			m, ok := child.(map[string]any)
			if ok && key != "metadata" {
				if spec, ok := m["spec"].(map[string]any); ok && isPodSpec(spec) {
					f(m)
				}
			}
			eachTemplate(child, depth+1, f)
		}
	case []any:
		for _, child := range v {
			eachTemplate(child, depth+1, f)
		}
	}
}

// isPodSpec reports whether a mapping looks like a pod's spec: a list of
// containers, each of them a mapping.
func isPodSpec(v map[string]any) bool {
	for _, list := range containerLists {
		containers, ok := v[list].([]any)
		if !ok || len(containers) == 0 {
			continue
		}
		first, ok := containers[0].(map[string]any)
		if !ok {
			continue
		}
		if _, named := first["name"]; named {
			return true
		}
		if _, image := first["image"]; image {
			return true
		}
	}
	return false
}

// containerLists are the fields of a pod spec that hold containers.
var containerLists = []string{"containers", "initContainers", "ephemeralContainers"}

func imagesOf(spec map[string]any, at string) []Use {
	var out []Use
	for _, list := range containerLists {
		containers, _ := spec[list].([]any)
		for i, c := range containers {
			container, ok := c.(map[string]any)
			if !ok {
				continue
			}
			name, _ := container["name"].(string)
			image, _ := container["image"].(string)
			out = append(out, Use{name, list, image, at + "/" + list + "/" + strconv.Itoa(i) + "/image"})
		}
	}
	volumes, _ := spec["volumes"].([]any)
	for i, v := range volumes {
		volume, _ := v.(map[string]any)
		source, ok := volume["image"].(map[string]any)
		if !ok {
			continue
		}
		name, _ := volume["name"].(string)
		reference, _ := source["reference"].(string)
		out = append(out, Use{name, "volumes", reference, at + "/volumes/" + strconv.Itoa(i) + "/image/reference"})
	}
	return out
}

// escape writes a key as a JSON pointer's token.
func escape(key string) string {
	return strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}
