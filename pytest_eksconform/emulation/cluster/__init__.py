"""What EKS adds to the API server: authentication, authorization, injection, OIDC discovery."""
