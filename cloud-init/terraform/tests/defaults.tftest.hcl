# terraform init && terraform test: the provider is mocked, so that neither an account nor credentials are needed.

mock_provider "aws" {
  source = "./tests/aws"
}

# What must be given.
variables {
  package_url    = "https://example.com/autoheal-agent_0.1.0-1_amd64.deb"
  package_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
}

run "the_defaults_are_safe" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.autoheal.min_size == 0 && aws_autoscaling_group.autoheal.max_size == 1
    error_message = "There could be a second instance, which would wait for the volume of the first one."
  }

  assert {
    condition     = one(aws_autoscaling_group.autoheal.initial_lifecycle_hook).default_result == "ABANDON"
    error_message = "The first instance could go into service without its volume."
  }

  assert {
    condition     = aws_autoscaling_lifecycle_hook.launch.default_result == "ABANDON"
    error_message = "An instance could go into service without its volume."
  }

  assert {
    condition     = aws_ebs_volume.autoheal.encrypted && aws_ebs_volume.autoheal.final_snapshot
    error_message = "The data volume is not encrypted, or not kept as a snapshot when it is destroyed."
  }

  assert {
    condition     = aws_launch_template.autoheal.metadata_options[0].http_tokens == "required"
    error_message = "The instance's metadata could be read without a token."
  }

  assert {
    condition     = tobool(aws_launch_template.autoheal.block_device_mappings[0].ebs[0].encrypted)
    error_message = "The root volume is not encrypted."
  }

  assert {
    condition     = length(aws_launch_template.autoheal.iam_instance_profile) == 0
    error_message = "The instance has a role, which it does not need."
  }
}

run "wrong_values_are_refused" {
  command = plan

  variables {
    name               = "1"
    volume_device      = "/dev/sda"
    volume_mount_point = "/etc"
    ssh_cidr           = "192.0.2.1"
    tags               = { "a b" = "c" }
  }

  expect_failures = [var.name, var.volume_device, var.volume_mount_point, var.ssh_cidr, var.tags]
}

run "all_is_made_around_the_volume" {
  assert {
    condition     = strcontains(aws_lambda_function.device_attachment.environment[0].variables.VOLUMES, output.data_volume_id)
    error_message = "The function does not know the volume."
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.autoheal.user_data), "volume-id = \"${output.data_volume_id}\"")
    error_message = "The agent does not know the volume."
  }

  assert {
    condition     = output.group_name == var.name
    error_message = "The group, which the function's policy names, has another name."
  }
}
