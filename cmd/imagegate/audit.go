package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imagegate/imagegate/internal/gate"
	"github.com/imagegate/imagegate/internal/workload/audit"
	"github.com/imagegate/imagegate/internal/workload/cluster"
	"github.com/imagegate/imagegate/internal/workload/manifest"
)

// auditFlags are the flags of audit.
type auditFlags struct {
	context    []string
	cluster    bool
	kubeconfig string
	namespace  string
	severity   string
	strict     bool
	output     string
	fixDir     string
	options    audit.Options
}

func newAudit() *cobra.Command {
	var o auditFlags
	cmd := &cobra.Command{
		Use:   "audit DIR|FILE|-…",
		Short: "Check Kubernetes manifests, or a cluster, for weaknesses",
		Long: `audit holds Kubernetes manifests against the workload checks
(docs/workload-checks.md): YAML or JSON files, directories of them, or what
kustomize or Helm made, on standard input. It asks no cluster and no registry,
unless --cluster is given: then it reads what the cluster runs.

What explains the manifests but is kept elsewhere (namespaces, network policies,
limit ranges) is named with --context; it is not judged itself.

Exit status: 0 nothing at or above --severity, 2 something, 3 the cluster cannot
be read or a bound was reached, 1 wrong use or what is no manifest.`,
		Example: `  imagegate audit deploy/
  kubectl kustomize overlays/production | imagegate audit -
  helm template chart/ | imagegate audit --output sarif - > audit.sarif
  imagegate audit --fix-dir fixes/ deploy/
  imagegate audit --cluster --namespace shop`,
		RunE: func(cmd *cobra.Command, paths []string) error { return runAudit(cmd, o, paths) },
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.context, "context", nil, "files or directories of objects that explain those audited")
	f.BoolVar(&o.cluster, "cluster", false, "audit what the cluster runs (read-only; never reads Secrets)")
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "file that says where the cluster is; default as kubectl finds it")
	f.StringVar(&o.namespace, "namespace", "", "audit only this namespace of the cluster")
	f.StringVar(&o.severity, "severity", string(gate.SeverityMedium), "the least severity that fails: CRITICAL, HIGH, MEDIUM, LOW or INFO")
	f.BoolVar(&o.strict, "strict", false, "what could not be told fails as well")
	f.StringVarP(&o.output, "output", "o", "table", strings.Join(audit.Formats(), ", "))
	f.StringVar(&o.fixDir, "fix-dir", "", "directory to write JSON patches and a Kustomize component to, for what can be mended for certain")
	f.StringSliceVar(&o.options.AllowedRegistries, "allow-registry", nil, "registries or repositories that images may be from; default all")
	f.StringVar(&o.options.PodSecurityVersion, "pod-security-version", "", "version of the Pod Security Standards, for example v1.34, which is the default")
	return cmd
}

func runAudit(cmd *cobra.Command, o auditFlags, paths []string) error {
	least, err := o.check(paths)
	if err != nil {
		return err
	}
	in := audit.Input{Options: o.options}
	var skipped []manifest.Skip
	if o.cluster {
		err = o.fromCluster(cmd, &in)
	} else {
		skipped, err = o.fromPaths(cmd, &in, paths)
	}
	if err != nil {
		return err
	}
	findings := audit.Run(in)
	ro := audit.ReportOptions{Color: colored(cmd.OutOrStdout()), Fails: least, Strict: o.strict, Version: version, Skipped: skipped}
	if err := audit.Write(cmd.OutOrStdout(), o.output, findings, ro); err != nil {
		return err
	}
	if o.fixDir != "" {
		n, err := audit.WriteFixes(o.fixDir, findings)
		if err != nil {
			return err
		}
		o.sayFixed(cmd, n)
	}
	if ro.Failing(findings) > 0 {
		return exitStatus(exitFail)
	}
	return nil
}

func (o auditFlags) sayFixed(cmd *cobra.Command, objects int) {
	if objects == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "nothing can be mended for certain: no patches were written")
		return
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "objects patched in %s: %d. Review the patches, then add the directory to the components of the kustomization\n", o.fixDir, objects)
}

// check refuses flags that cannot be meant.
func (o auditFlags) check(paths []string) (gate.Severity, error) {
	least, err := gate.ParseSeverity(o.severity)
	switch {
	case err != nil || least == gate.SeverityUnknown:
		return "", usage("--severity %q is none of CRITICAL, HIGH, MEDIUM, LOW, INFO", o.severity)
	case !audit.KnownFormat(o.output):
		return "", usage("--output %q is none of %s", o.output, strings.Join(audit.Formats(), ", "))
	case audit.CheckPodSecurityVersion(o.options.PodSecurityVersion) != nil:
		return "", usage("--pod-security-version %q is no version: write latest, or v1.34", o.options.PodSecurityVersion)
	case o.cluster && len(paths) > 0:
		return "", usage("audit --cluster reads the cluster and no files: leave out %s, or --cluster", strings.Join(paths, " "))
	case !o.cluster && (o.namespace != "" || o.kubeconfig != ""):
		return "", usage("--namespace and --kubeconfig go with --cluster")
	case !o.cluster && len(paths) == 0:
		return "", usage("name files or directories of manifests, or - for standard input, or --cluster")
	case slices.Index(paths, "-") != lastIndex(paths, "-"):
		return "", usage("standard input (-) can be read once")
	}
	return least, nil
}

func lastIndex(list []string, s string) int {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == s {
			return i
		}
	}
	return -1
}

func (o auditFlags) fromPaths(cmd *cobra.Command, in *audit.Input, paths []string) ([]manifest.Skip, error) {
	var skipped []manifest.Skip
	for _, path := range paths {
		if path == "-" {
			objects, err := manifest.Read("-", cmd.InOrStdin())
			if err != nil {
				return nil, err
			}
			in.Objects = append(in.Objects, objects...)
			continue
		}
		b, err := manifest.ReadPath(path)
		if err != nil {
			return nil, err
		}
		in.Objects = append(in.Objects, b.Objects...)
		skipped = append(skipped, b.Skipped...)
	}
	if len(in.Objects) == 0 {
		return nil, usage("%s holds no objects: nothing was audited", strings.Join(paths, " "))
	}
	return skipped, o.addContext(in)
}

func (o auditFlags) fromCluster(cmd *cobra.Command, in *audit.Input) error {
	config, err := cluster.Config(o.kubeconfig)
	if err != nil {
		return err
	}
	found, err := cluster.List(cmd.Context(), config, o.namespace)
	if err != nil {
		return err
	}
	in.Objects, in.Context = found.Objects, found.Context
	return o.addContext(in)
}

func (o auditFlags) addContext(in *audit.Input) error {
	for _, path := range o.context {
		b, err := manifest.ReadPath(path)
		if err != nil {
			return err
		}
		in.Context = append(in.Context, b.Objects...)
	}
	return nil
}
