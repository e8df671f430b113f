variable "name" {
  description = "The name of the Auto Scaling group, and the beginning of other names."
  type        = string
  default     = "autoheal"

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{0,39}$", var.name))
    error_message = "The name must begin with a letter and have at most 40 letters, digits and dashes."
  }
}

variable "volume_device" {
  description = "What the volume is attached as; Nitro instances name it otherwise, and the agent finds it all the same."
  type        = string
  default     = "/dev/sdf"

  validation {
    condition     = can(regex("^/dev/(sd|xvd)[b-z]$", var.volume_device))
    error_message = "The device must be a name such as /dev/sdf."
  }
}

variable "volume_mount_point" {
  description = "Where the instance sees the volume."
  type        = string
  default     = "/data"

  validation {
    condition = (
      can(regex("^(/[A-Za-z0-9_][A-Za-z0-9._-]*)+$", var.volume_mount_point)) &&
      !contains(["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp", "/usr", "/var"], var.volume_mount_point)
    )
    error_message = "The mount point must be an absolute path that is no directory of the system."
  }
}

variable "volume_size" {
  description = "GiB. It may be enlarged: the next instance, or a restart of the agent, grows the file system."
  type        = number
  default     = 16

  validation {
    condition     = var.volume_size >= 1 && var.volume_size <= 65536
    error_message = "The size must be from 1 to 65536 GiB."
  }
}

variable "volume_type" {
  description = "An EBS volume type."
  type        = string
  default     = "gp3"

  validation {
    condition     = contains(["gp3", "gp2", "io2", "io1", "st1", "sc1"], var.volume_type)
    error_message = "The type must be one of gp3, gp2, io2, io1, st1, sc1."
  }
}

variable "volume_iops" {
  description = "For gp3, io1 and io2; null for the type's own."
  type        = number
  default     = null
}

variable "volume_snapshot_id" {
  description = "A snapshot to start from; null for a blank volume."
  type        = string
  default     = null
}

variable "package_url" {
  description = "An immutable object, the .deb, that every later instance can download without a secret."
  type        = string

  validation {
    condition     = can(regex("^https?://[A-Za-z0-9\\[][A-Za-z0-9._~:/%+,;@()=\\[\\]-]*(\\?versionId=[A-Za-z0-9._-]+)?$", var.package_url))
    error_message = "The URL must have no query: a pre-signed one expires, and an instance launched later has no agent."
  }
}

variable "package_sha256" {
  description = "What 'sha256sum FILE' prints; an instance installs nothing else."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.package_sha256))
    error_message = "The digest must be 64 hexadecimal digits in lower case."
  }
}

variable "instance_type" {
  description = "Of the architecture of the image, x86_64."
  type        = string
  default     = "t3.micro"
}

variable "image_id" {
  description = "An image of your own; null for the newest one that image_parameter names."
  type        = string
  default     = null
}

variable "image_parameter" {
  description = "A Systems Manager parameter with the image's id."
  type        = string
  default     = "/aws/service/debian/release/12/latest/amd64"
}

variable "key_name" {
  description = "An SSH key pair; null for none."
  type        = string
  default     = null
}

variable "ssh_cidr" {
  description = "An IPv4 range that may reach SSH; null keeps it closed."
  type        = string
  default     = null

  validation {
    condition     = var.ssh_cidr == null || can(cidrnetmask(var.ssh_cidr))
    error_message = "The range must be one such as 192.0.2.0/24."
  }
}

variable "application_security_group_ids" {
  description = "Further security groups of the instance, which let in what the application serves."
  type        = list(string)
  default     = []
}

variable "target_group_arns" {
  description = "Target groups that the group registers its instance with."
  type        = list(string)
  default     = []
}

variable "health_check_type" {
  description = "ELB replaces an instance whose application does not answer the target group's check."
  type        = string
  default     = "EC2"

  validation {
    condition     = contains(["EC2", "ELB"], var.health_check_type)
    error_message = "The type must be EC2 or ELB."
  }
}

variable "health_check_grace_period" {
  description = "Seconds from the moment the volume is attached: time for mounting and for the application."
  type        = number
  default     = 300
}

variable "log_retention_days" {
  description = "Days to keep the function's log."
  type        = number
  default     = 30
}

variable "availability_zone" {
  description = "The letter of the zone, joined to the region; volume and subnet are in one zone."
  type        = string
  default     = "a"

  validation {
    condition     = can(regex("^[a-z]$", var.availability_zone))
    error_message = "The zone must be one letter."
  }
}

variable "tags" {
  description = "Tags of every resource and of the instance, such as Owner, ComponentName and ComponentOwner."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for key in keys(var.tags) : can(regex("^[A-Za-z0-9+=._:@-]{1,128}$", key))])
    error_message = "A key may have letters, digits and +-=._:@ only: the instance reads its tags from the metadata service."
  }

  validation {
    condition     = alltrue([for value in values(var.tags) : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value))])
    error_message = "A value may have 256 letters, digits, spaces and _.:/=+-@ at most: a role takes no others."
  }
}
