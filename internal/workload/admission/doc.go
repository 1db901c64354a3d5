// Package admission answers a cluster that asks whether something may run:
// AdmissionReview (admission.k8s.io/v1 and v1beta1) and ImageReview
// (imagepolicy.k8s.io/v1alpha1) in, the same out. Answers rest on the verdicts
// that are stored; nothing in a request but its images, its namespace and its
// break-glass annotation has a say, least of all a note that claims an outcome.
package admission
