# autoheal-generate terraform --config two-volumes.toml -o autoheal

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

# One for the data, one for its log; both follow the instance.
module "autoheal" {
  source = "./autoheal"

  volume_size    = 100
  volume2_size   = 20
  package_url    = var.package_url
  package_sha256 = var.package_sha256
}

output "elastic_ip" {
  description = "The address of the instance."
  value       = module.autoheal.elastic_ip
}

output "data_volume_ids" {
  description = "The data volumes, which outlive the instances, by their mount points."
  value = {
    "/data" = module.autoheal.data_volume_id
    "/wal"  = module.autoheal.data_volume2_id
  }
}
