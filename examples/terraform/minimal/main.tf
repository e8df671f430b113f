# autoheal-generate terraform -o autoheal

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

# A network, an address and a volume of its own.
module "autoheal" {
  source = "./autoheal"

  package_url    = var.package_url
  package_sha256 = var.package_sha256
}

output "elastic_ip" {
  description = "The address of the instance."
  value       = module.autoheal.elastic_ip
}

output "data_volume_id" {
  description = "The data volume, which outlives the instances."
  value       = module.autoheal.data_volume_id
}
