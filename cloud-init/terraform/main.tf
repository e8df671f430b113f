# One instance that is replaced with its data volume and address when it fails.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_ssm_parameter" "image" {
  count = var.image_id == null ? 1 : 0
  name  = var.image_parameter
}

locals {
  # Known before the group is made: function, rule and policy name it, and must be there before its first launch.
  group_name        = var.name
  hook_name         = "device-attachment"
  release_hook_name = "device-release"
  region            = data.aws_region.current.id
  account           = data.aws_caller_identity.current.account_id
  ec2_arn           = "arn:${data.aws_partition.current.partition}:ec2:${local.region}:${local.account}"
  tags              = merge(var.tags, { Name = var.name })
}

# --- Network: a public subnet in one zone, because the volume is in one zone ---

resource "aws_vpc" "my_vpc" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = local.tags
}

resource "aws_subnet" "public_subnet_a" {
  vpc_id            = aws_vpc.my_vpc.id
  availability_zone = "${local.region}${var.availability_zone}"
  cidr_block        = "10.0.0.0/24"
  tags              = local.tags

  # An instance has no public address until the function has associated the Elastic IP address.
  map_public_ip_on_launch = false
}

resource "aws_internet_gateway" "my_internet_gateway" {
  vpc_id = aws_vpc.my_vpc.id
  tags   = local.tags
}

resource "aws_route_table" "public_route_table" {
  vpc_id = aws_vpc.my_vpc.id
  tags   = local.tags
}

resource "aws_route" "public_subnet_route" {
  route_table_id         = aws_route_table.public_route_table.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.my_internet_gateway.id
}

resource "aws_route_table_association" "public_subnet_a" {
  subnet_id      = aws_subnet.public_subnet_a.id
  route_table_id = aws_route_table.public_route_table.id
}

# Nothing else comes in, but SSH if ssh_cidr is given.
resource "aws_security_group" "autoheal" {
  name_prefix = "${var.name}-"
  description = "The instance of ${var.name}"
  vpc_id      = aws_vpc.my_vpc.id
  tags        = local.tags

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }

  dynamic "ingress" {
    for_each = var.ssh_cidr == null ? [] : [var.ssh_cidr]

    content {
      description = "SSH"
      from_port   = 22
      to_port     = 22
      protocol    = "tcp"
      cidr_blocks = [ingress.value]
    }
  }
}

resource "aws_eip" "autoheal" {
  domain = "vpc"
  tags   = local.tags

  depends_on = [aws_internet_gateway.my_internet_gateway]
}

# --- Storage: what outlives the instances ---

# Destroyed only after a snapshot was taken. Attached later, so it is never deleted with an instance.
resource "aws_ebs_volume" "autoheal" {
  availability_zone = aws_subnet.public_subnet_a.availability_zone
  size              = var.volume_size
  type              = var.volume_type
  iops              = var.volume_iops
  throughput        = var.volume_throughput
  snapshot_id       = var.volume_snapshot_id
  encrypted         = true
  final_snapshot    = true
  tags              = local.tags

  lifecycle {
    # What it was made from and where is its own for good: another one in its place would be blank.
    ignore_changes = [availability_zone, encrypted, kms_key_id, snapshot_id]
  }
}

# --- Compute: a group of one ---

# No instance profile: an instance without a role cannot be abused.
resource "aws_launch_template" "autoheal" {
  name_prefix            = "${var.name}-"
  image_id               = coalesce(var.image_id, one(data.aws_ssm_parameter.image[*].insecure_value))
  instance_type          = var.instance_type
  key_name               = var.key_name
  vpc_security_group_ids = concat([aws_security_group.autoheal.id], var.application_security_group_ids)

  user_data = base64encode(templatefile("${path.module}/user-data.tftpl", {
    volume_device      = var.volume_device
    volume_mount_point = var.volume_mount_point
    volume_id          = aws_ebs_volume.autoheal.id
    package_url        = var.package_url
    package_sha256     = var.package_sha256
  }))

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  block_device_mappings {
    device_name = var.root_device_name

    ebs {
      encrypted   = true
      volume_type = "gp3"
      volume_size = var.root_volume_size
    }
  }

  # The root volume; the instance gets its tags from the group.
  tag_specifications {
    resource_type = "volume"
    tags          = local.tags
  }
}

# A new instance is never launched before the old one is gone: both would wait for one volume.
resource "aws_autoscaling_group" "autoheal" {
  name                      = local.group_name
  min_size                  = 0
  max_size                  = 1
  desired_capacity          = 1
  vpc_zone_identifier       = [aws_subnet.public_subnet_a.id]
  target_group_arns         = var.target_group_arns
  health_check_type         = var.health_check_type
  health_check_grace_period = var.health_check_grace_period
  wait_for_capacity_timeout = "30m"
  enabled_metrics           = ["GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances", "GroupTotalInstances"]

  launch_template {
    id      = aws_launch_template.autoheal.id
    version = aws_launch_template.autoheal.latest_version
  }

  # Part of the group, so that the first launch waits too; aws_autoscaling_lifecycle_hook.launch keeps it from then on.
  initial_lifecycle_hook {
    name                 = local.hook_name
    lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING"
    default_result       = "ABANDON"
    heartbeat_timeout    = 1200
  }

  instance_maintenance_policy {
    min_healthy_percentage = 0
    max_healthy_percentage = 100
  }

  dynamic "tag" {
    for_each = local.tags

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  timeouts {
    delete = "30m"
  }

  lifecycle {
    # A group that was emptied by hand, for maintenance, stays empty. A change of its first hook would be another group.
    ignore_changes = [desired_capacity, initial_lifecycle_hook]

    precondition {
      condition     = !strcontains(var.health_check_type, "ELB") || length(var.target_group_arns) > 0
      error_message = "The health check type ELB needs target_group_arns."
    }

    precondition {
      condition     = aws_ebs_volume.autoheal.availability_zone == aws_subnet.public_subnet_a.availability_zone
      error_message = "A volume stays in its zone: for another one, begin a new module with a snapshot of it."
    }

    precondition {
      condition     = var.volume_snapshot_id == null || aws_ebs_volume.autoheal.snapshot_id == var.volume_snapshot_id
      error_message = "A volume is made from one snapshot: for another one, begin a new module with that."
    }
  }

  # Everything the first launch needs, and everything that must be there until the last instance is gone.
  depends_on = [
    aws_route.public_subnet_route,
    aws_route_table_association.public_subnet_a,
    aws_cloudwatch_event_target.device_attachment,
    aws_lambda_permission.events,
    aws_lambda_function_event_invoke_config.device_attachment,
    aws_sqs_queue_policy.dead_letters,
    aws_iam_role_policy.device_attachment,
    aws_lambda_event_source_mapping.launch_notices,
    aws_iam_role_policy.launch_notices,
  ]
}

# --- Lifecycle hooks: the instance waits, at its launch and at its end ---

# If nobody answers, an instance is not put into service.
resource "aws_autoscaling_lifecycle_hook" "launch" {
  autoscaling_group_name  = aws_autoscaling_group.autoheal.name
  name                    = local.hook_name
  lifecycle_transition    = "autoscaling:EC2_INSTANCE_LAUNCHING"
  default_result          = "ABANDON"
  heartbeat_timeout       = 1200
  notification_target_arn = aws_sqs_queue.launch_notices.arn
  role_arn                = aws_iam_role.launch_notices.arn
}

# An ending instance has this long to release its volumes; then it ends all the same.
resource "aws_autoscaling_lifecycle_hook" "release" {
  autoscaling_group_name = aws_autoscaling_group.autoheal.name
  name                   = local.release_hook_name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  default_result         = "CONTINUE"
  heartbeat_timeout      = 120
}

# --- Device attachment: a launching instance waits until this function has attached volume and address ---

resource "aws_cloudwatch_event_rule" "launch" {
  name        = "${var.name}-launch"
  description = "An instance in the group ${local.group_name} waits for its volume, or ends"
  tags        = local.tags

  event_pattern = jsonencode({
    source      = ["aws.autoscaling"]
    detail-type = ["EC2 Instance-launch Lifecycle Action", "EC2 Instance-terminate Lifecycle Action"]
    detail      = { AutoScalingGroupName = [local.group_name] }
  })
}

resource "aws_cloudwatch_event_target" "device_attachment" {
  rule = aws_cloudwatch_event_rule.launch.name
  arn  = aws_lambda_function.device_attachment.arn

  retry_policy {
    maximum_event_age_in_seconds = 1200
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters.arn
  }
}

resource "aws_lambda_permission" "events" {
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.device_attachment.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.launch.arn
}

# Launches that could not be served, for an operator to look at: the hook abandons them.
resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-device-attachment-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = local.tags
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.dead_letters.arn
        Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.launch.arn } }
      }
    ]
  })
}

# Events may be lost. The hook itself writes here too, and the function looks a little later.
resource "aws_sqs_queue" "launch_notices" {
  name                       = "${var.name}-launch-notices"
  delay_seconds              = 300
  visibility_timeout_seconds = 960
  message_retention_seconds  = 3900
  sqs_managed_sse_enabled    = true
  tags                       = local.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = 3
  })
}

resource "aws_lambda_event_source_mapping" "launch_notices" {
  event_source_arn = aws_sqs_queue.launch_notices.arn
  function_name    = aws_lambda_function.device_attachment.arn
  batch_size       = 1
}

resource "aws_iam_role" "launch_notices" {
  name_prefix = substr("${var.name}-launch-notices-", 0, 38)
  tags        = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "autoscaling.amazonaws.com" }
        Action    = "sts:AssumeRole"
      }
    ]
  })
}

resource "aws_iam_role_policy" "launch_notices" {
  name = "launch-notices"
  role = aws_iam_role.launch_notices.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["sqs:SendMessage", "sqs:GetQueueUrl"]
        Resource = [aws_sqs_queue.launch_notices.arn]
      }
    ]
  })
}

# Has the name that Lambda looks for; the function may not make one itself.
resource "aws_cloudwatch_log_group" "device_attachment" {
  name              = "/aws/lambda/${var.name}-device-attachment"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

# Waits until the instance runs, attaches the volume and the address, then lets the launch continue; every failure
# abandons it, and the group tries again with a new instance. Detaches nothing by force.
resource "aws_lambda_function" "device_attachment" {
  function_name    = "${var.name}-device-attachment"
  filename         = "${path.module}/device-attachment.zip"
  source_code_hash = filebase64sha256("${path.module}/device-attachment.zip")
  handler          = "index.handler"
  runtime          = "python3.13"
  role             = aws_iam_role.device_attachment.arn
  timeout          = 900
  memory_size      = 256
  tags             = local.tags

  environment {
    variables = {
      GROUP_NAME        = local.group_name
      HOOK_NAME         = local.hook_name
      VOLUMES           = "${var.volume_device}=${aws_ebs_volume.autoheal.id}"
      ALLOCATION_ID     = aws_eip.autoheal.allocation_id
      LAUNCH_UNTIL      = "data"
      ON_REFUSAL        = "keep"
      RELEASE_HOOK_NAME = local.release_hook_name
      HAND_OVER         = "120"
    }
  }

  depends_on = [aws_cloudwatch_log_group.device_attachment, aws_iam_role_policy.device_attachment]
}

# The function raises when it needs another run: the launch takes longer, or the hook did not answer.
resource "aws_lambda_function_event_invoke_config" "device_attachment" {
  function_name                = aws_lambda_function.device_attachment.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 3600

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}

resource "aws_iam_role" "device_attachment" {
  name_prefix = substr("${var.name}-device-attachment-", 0, 38)
  tags        = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Principal = { Service = "lambda.amazonaws.com" }
        Action    = "sts:AssumeRole"
      }
    ]
  })
}

# What the function calls, on these resources only, and writing its own log.
resource "aws_iam_role_policy" "device_attachment" {
  name = "device-attachment"
  role = aws_iam_role.device_attachment.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Look"
        Effect   = "Allow"
        Action   = ["autoscaling:DescribeAutoScalingInstances", "ec2:DescribeAddresses", "ec2:DescribeInstanceStatus", "ec2:DescribeInstances", "ec2:DescribeVolumes"]
        Resource = ["*"]
      },
      {
        Sid      = "ThisGroup"
        Effect   = "Allow"
        Action   = ["autoscaling:CompleteLifecycleAction", "autoscaling:EnterStandby", "autoscaling:RecordLifecycleActionHeartbeat"]
        Resource = ["arn:${data.aws_partition.current.partition}:autoscaling:${local.region}:${local.account}:autoScalingGroup:*:autoScalingGroupName/${local.group_name}"]
      },
      {
        Sid      = "ThisAddress"
        Effect   = "Allow"
        Action   = ["ec2:AssociateAddress"]
        Resource = ["${local.ec2_arn}:elastic-ip/${aws_eip.autoheal.allocation_id}"]
      },
      {
        Sid      = "InstancesOfThisGroup"
        Effect   = "Allow"
        Action   = ["ec2:AssociateAddress", "ec2:AttachVolume", "ec2:DetachVolume", "ec2:GetConsoleOutput"]
        Resource = ["${local.ec2_arn}:instance/*"]

        Condition = { StringEquals = { "aws:ResourceTag/aws:autoscaling:groupName" = local.group_name } }
      },
      {
        Sid      = "InterfaceOfTheInstance"
        Effect   = "Allow"
        Action   = ["ec2:AssociateAddress"]
        Resource = ["${local.ec2_arn}:network-interface/*"]

        Condition = { ArnEqualsIfExists = { "ec2:Subnet" = "arn:${data.aws_partition.current.partition}:ec2:${local.region}:*:subnet/${aws_subnet.public_subnet_a.id}" } }
      },
      {
        Sid      = "TheseVolumes"
        Effect   = "Allow"
        Action   = ["ec2:AttachVolume", "ec2:DetachVolume"]
        Resource = ["${local.ec2_arn}:volume/${aws_ebs_volume.autoheal.id}"]
      },
      {
        Sid      = "DeadLetters"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.dead_letters.arn]
      },
      {
        Sid      = "LaunchNotices"
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = [aws_sqs_queue.launch_notices.arn]
      },
      {
        Sid      = "Logs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.device_attachment.arn}:*"]
      }
    ]
  })
}

# --- Alarms: somebody should look ---

resource "aws_sns_topic" "failed_heal" {
  name = "${var.name}-failed-heal"
  tags = local.tags
}

resource "aws_sns_topic_subscription" "failed_heal" {
  count     = var.alarm_email == null ? 0 : 1
  topic_arn = aws_sns_topic.failed_heal.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "unreachable_volume" {
  alarm_name          = "${var.name}-unreachable-volume"
  alarm_description   = "EC2 sees that the instance cannot reach a volume of its own."
  namespace           = "AWS/EC2"
  metric_name         = "StatusCheckFailed_AttachedEBS"
  dimensions          = { AutoScalingGroupName = local.group_name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.failed_heal.arn]
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "stalled_volume" {
  alarm_name          = "${var.name}-stalled-volume"
  alarm_description   = "The volume completes no input and output."
  evaluation_periods  = 3
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.failed_heal.arn]
  tags                = local.tags

  metric_query {
    id          = "check"
    expression  = "SELECT MAX(VolumeStalledIOCheck) FROM SCHEMA(\"AWS/EBS\", InstanceId, VolumeId) WHERE VolumeId = '${aws_ebs_volume.autoheal.id}'"
    period      = 60
    return_data = true
  }
}
