output "elastic_ip" {
  description = "The address of the instance."
  value       = aws_eip.autoheal.public_ip
}

output "data_volume_id" {
  description = "The data volume."
  value       = aws_ebs_volume.autoheal.id
}

output "group_name" {
  description = "The Auto Scaling group."
  value       = aws_autoscaling_group.autoheal.name
}
