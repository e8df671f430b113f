# autoheal-generate terraform --example postgresql --snapshots -o autoheal

terraform {
  required_version = ">= 1.5"
}

provider "aws" {
  region = "eu-west-1"
}

variable "package_url" {
  description = "Where instances get the package of autoheal-agent."
  type        = string
}

variable "package_sha256" {
  description = "What 'sha256sum' prints of it."
  type        = string
}

variable "clients_security_group_id" {
  description = "A security group that lets the clients in at port 5432."
  type        = string
}

# PostgreSQL on the volume (docs/postgresql.md), with a snapshot each day. Applications come to it from their own group.
module "autoheal" {
  source = "./autoheal"

  package_url                    = var.package_url
  package_sha256                 = var.package_sha256
  instance_type                  = "t3.small"
  volume_size                    = 100
  application_security_group_ids = [var.clients_security_group_id]
}

output "elastic_ip" {
  description = "The address of the instance."
  value       = module.autoheal.elastic_ip
}

output "data_volume_id" {
  description = "The data volume, which outlives the instances."
  value       = module.autoheal.data_volume_id
}
