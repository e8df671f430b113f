# autoheal-generate terraform --existing-network --no-address -o autoheal

terraform {
  required_version = ">= 1.5"
}

provider "aws" {
  region = "eu-west-1"
}

variable "subnet_id" {
  description = "A subnet with a way to the package, such as a NAT gateway; its zone is that of the volume."
  type        = string
}

variable "application_security_group_id" {
  description = "Lets in what the application serves."
  type        = string
}

variable "package_url" {
  description = "Where instances get the package of autoheal-agent."
  type        = string
}

variable "package_sha256" {
  description = "What 'sha256sum' prints of it."
  type        = string
}

# In a private subnet: without an address of its own.
module "autoheal" {
  source = "./autoheal"

  subnet_id                      = var.subnet_id
  application_security_group_ids = [var.application_security_group_id]
  package_url                    = var.package_url
  package_sha256                 = var.package_sha256
}

output "security_group_id" {
  description = "The instance's own, for rules of others that name it."
  value       = module.autoheal.security_group_id
}

output "data_volume_id" {
  description = "The data volume, which outlives the instances."
  value       = module.autoheal.data_volume_id
}
