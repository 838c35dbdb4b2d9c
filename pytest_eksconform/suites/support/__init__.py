"""What several suites share: reading objects of AWS and Kubernetes, no judgement."""
