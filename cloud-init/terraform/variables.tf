variable "name" {
  description = "The name of the Auto Scaling group, and the beginning of other names."
  type        = string
  default     = "autoheal"

  validation {
    condition     = can(regex("^([A-Za-z][A-Za-z0-9-]{0,39})$", var.name))
    error_message = "The value of name must begin with a letter and have at most 40 letters, digits and dashes."
  }
}

variable "volume_device" {
  description = "/dev/sdf to /dev/sdp; Nitro instances name it otherwise."
  type        = string
  default     = "/dev/sdf"

  validation {
    condition     = can(regex("^(/dev/(sd|xvd)[b-z])$", var.volume_device))
    error_message = "The value of volume_device must be a name such as /dev/sdf."
  }
}

variable "volume_mount_point" {
  description = "Where the instance sees it."
  type        = string
  default     = "/data"

  validation {
    condition     = can(regex("^((/[A-Za-z0-9_][A-Za-z0-9._-]*)+)$", var.volume_mount_point)) && !contains(["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp", "/usr", "/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/usr/sbin", "/usr/share", "/var", "/var/lib"], var.volume_mount_point)
    error_message = "The value of volume_mount_point must be an absolute path that is no directory of the system."
  }
}

variable "volume_size" {
  description = "GiB. An update may enlarge it, and the file system with it."
  type        = number
  default     = 16

  validation {
    condition     = try(var.volume_size >= 1 && var.volume_size <= 65536, false)
    error_message = "The value of volume_size must be from 1 to 65536 GiB."
  }
}

variable "volume_type" {
  description = "An EBS volume type."
  type        = string
  default     = "gp3"

  validation {
    condition     = contains(["gp3", "gp2", "io2", "io1", "st1", "sc1"], var.volume_type)
    error_message = "The value of volume_type must be one of gp3, gp2, io2, io1, st1, sc1."
  }
}

variable "volume_iops" {
  description = "For gp3, io1 and io2; null for the type's own."
  type        = number
  default     = null

  validation {
    condition     = var.volume_iops == null || try(var.volume_iops >= 0 && var.volume_iops <= 256000, false)
    error_message = "The value of volume_iops must be from 0 to 256000."
  }
}

variable "volume_throughput" {
  description = "MiB/s, for gp3; null for the type's own."
  type        = number
  default     = null

  validation {
    condition     = var.volume_throughput == null || try(var.volume_throughput >= 0 && var.volume_throughput <= 2000, false)
    error_message = "The value of volume_throughput must be from 0 to 2000."
  }
}

variable "volume_snapshot_id" {
  description = "For a new volume; null for a blank one."
  type        = string
  default     = null

  validation {
    condition     = var.volume_snapshot_id == null || can(regex("^(snap-[0-9a-f]+)$", var.volume_snapshot_id))
    error_message = "The value of volume_snapshot_id must be one such as snap-0123456789abcdef0."
  }
}

variable "package_url" {
  description = "An immutable object that every later instance can download without a secret."
  type        = string

  validation {
    condition     = can(regex("^(https?://[A-Za-z0-9\\[][A-Za-z0-9._~:/%+,;@()=\\[\\]-]*(\\?versionId=[A-Za-z0-9._-]+)?)$", var.package_url))
    error_message = "The value of package_url must be an http(s) address without a query: a pre-signed one expires, and later instances would have no agent."
  }
}

variable "package_sha256" {
  description = "What 'sha256sum FILE' prints; an instance installs nothing else."
  type        = string

  validation {
    condition     = can(regex("^([0-9a-f]{64})$", var.package_sha256))
    error_message = "The value of package_sha256 must be 64 hexadecimal digits in lower case."
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
  default     = "/aws/service/debian/release/13/latest/amd64"
}

variable "root_device_name" {
  description = "Of the image, as 'describe-images' shows it."
  type        = string
  default     = "/dev/xvda"

  validation {
    condition     = can(regex("^(/dev/[a-z0-9]+)$", var.root_device_name))
    error_message = "The value of root_device_name must be a name such as /dev/xvda."
  }
}

variable "root_volume_size" {
  description = "GiB of the root volume, which is encrypted and goes with the instance; null for the image's own."
  type        = number
  default     = null

  validation {
    condition     = var.root_volume_size == null || try(var.root_volume_size >= 0 && var.root_volume_size <= 16384, false)
    error_message = "The value of root_volume_size must be from 0 to 16384."
  }
}

variable "key_name" {
  description = "An SSH key pair; null for none."
  type        = string
  default     = null
}

variable "ssh_cidr" {
  description = "An IPv4 range such as 192.0.2.0/24; null keeps SSH closed."
  type        = string
  default     = null

  validation {
    condition     = var.ssh_cidr == null || can(regex("^(\\d{1,3}(\\.\\d{1,3}){3}/\\d{1,2})$", var.ssh_cidr))
    error_message = "The value of ssh_cidr must be an IPv4 range such as 192.0.2.0/24."
  }
}

variable "application_security_group_ids" {
  description = "A further group of the instance, for what it serves."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.application_security_group_ids : can(regex("^(sg-[0-9a-f]+)$", each))])
    error_message = "The value of application_security_group_ids must be one such as sg-0123456789abcdef0."
  }
}

variable "log_retention_days" {
  description = "Days to keep the functions' logs."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 7, 14, 30, 90, 180, 365], var.log_retention_days)
    error_message = "The value of log_retention_days must be one of 1, 7, 14, 30, 90, 180, 365."
  }
}

variable "target_group_arns" {
  description = "The group registers its instance there."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.target_group_arns : can(regex("^(arn:aws[a-z-]*:elasticloadbalancing:.+:targetgroup/.+)$", each))])
    error_message = "The value of target_group_arns must be the ARN of a target group."
  }
}

variable "health_check_type" {
  description = "ELB replaces an instance that fails the target group's check."
  type        = string
  default     = "EC2"

  validation {
    condition     = contains(["EC2", "ELB", "EBS", "EBS,ELB"], var.health_check_type)
    error_message = "The value of health_check_type must be one of EC2, ELB, EBS, EBS,ELB."
  }
}

variable "health_check_grace_period" {
  description = "Seconds for the application to start, from being in service on."
  type        = number
  default     = 300

  validation {
    condition     = try(var.health_check_grace_period >= 0 && var.health_check_grace_period <= 7200, false)
    error_message = "The value of health_check_grace_period must be from 0 to 7200 seconds."
  }
}

variable "alarm_email" {
  description = "An e-mail address, which must confirm; null for nobody."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^([^@\\s]+@[^@\\s]+)$", var.alarm_email))
    error_message = "The value of alarm_email must be an e-mail address."
  }
}

variable "availability_zone" {
  description = "Joined to the region; volume and subnet stay there."
  type        = string
  default     = "a"

  validation {
    condition     = can(regex("^([a-z])$", var.availability_zone))
    error_message = "The value of availability_zone must be one letter."
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
