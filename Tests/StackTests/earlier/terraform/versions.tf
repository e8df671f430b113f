# Written by autoheal-generate 0.1.0 terraform: cloud-init/terraform of commit 500a715, without user data and function.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80, < 7.0"
    }
  }
}
