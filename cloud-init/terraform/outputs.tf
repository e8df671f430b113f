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

output "security_group_id" {
  description = "Of the instance."
  value       = aws_security_group.autoheal.id
}

output "function_logs" {
  description = "What became of each launch."
  value       = aws_cloudwatch_log_group.device_attachment.name
}

output "vpc_id" {
  description = "The network."
  value       = aws_vpc.my_vpc.id
}

output "subnet_id" {
  description = "Of the instance."
  value       = aws_subnet.public_subnet_a.id
}

output "alarm_topic_arn" {
  description = "What alarms tell."
  value       = aws_sns_topic.failed_heal.arn
}
