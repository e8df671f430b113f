# Answers the custom resource that takes the stack's Auto Scaling group from 0 to 1, and back when the stack goes. Shortened; the source is scale_up.py of autoheal-agent.
import http.client,json,time,traceback,urllib.request,functools,json,boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError,ClientError
from botocore.parsers import ResponseParserError
LOOK_EVERY=5
RESERVE=100
CALLS=Config(connect_timeout=3,read_timeout=10,retries={'mode':'standard','total_max_attempts':3})
REFUSALS={'AccessDenied','AuthFailure','UnauthorizedOperation','ValidationError'}
class GiveUp(Exception):...
@functools.cache
def client(service):return boto3.client(service,config=CALLS)
class Work:
 refusals=REFUSALS
 def __init__(A,context,sleep,about):A.context=context;A.sleep=sleep;A.about=about;A.awaited={}
 def verdict(A,refused):raise NotImplementedError
 def time_is_up(A):return'the time is up'
 def converge(B,look):
  D=[]
  while True:
   try:
    A=look()
    if not A:return
    D=[]
   except ClientError as C:
    E=C.response['Error']['Code'];D=[*D,E]if E in B.refusals else[]
    if(F:=D and B.verdict(D)):raise F(str(C))from C
    A={'awaited':'an answer without an error','error':str(C)}
   except(BotoCoreError,ResponseParserError)as C:A={'awaited':'an answer without an error','error':str(C)}
   if A!=B.awaited:B.log('Waiting.',A,'warning'if'error'in A else'info')
   B.awaited=A;B.sleep(LOOK_EVERY)
 def call(A,service,operation,**B):
  if A.remaining()<RESERVE:raise GiveUp(A.time_is_up())
  return getattr(client(service),operation)(**B)
 def remaining(A):return A.context.get_remaining_time_in_millis()/1000
 def log(A,message,data=None,level='info'):B=getattr(A.context,'aws_request_id',None);C={'level':level,'message':message,**A.about,'faas.invocation_id':B};print(json.dumps({**C,**(data or{})},default=str),flush=True)
BELIEVED=12
ANSWER_LIMIT=4096
ANSWER_TIMEOUT=10
ANSWER_TRIES=7
def handler(event,context,sleep=time.sleep):
 A=Request(event,context,sleep)
 try:A.log('A request of CloudFormation.');A.serve();B,D='SUCCESS','Done.'
 except GiveUp as C:B,D='FAILED',str(C)
 except Exception as C:A.log('An unexpected error.',{'reason':repr(C),'trace':traceback.format_exc()},'error');B,D='FAILED',repr(C)
 A.answer(B,D);return{'outcome':B}
class Request(Work):
 def __init__(A,event,context,sleep):B=event;A.event=B;A.kind=B.get('RequestType');A.group=(B.get('ResourceProperties')or{}).get('GroupName');A.former_group=(B.get('OldResourceProperties')or{}).get('GroupName');super().__init__(context,sleep,{'request.type':A.kind,'group.name':A.group})
 def serve(A):
  if A.kind=='Delete':return A.converge(A.empty_group)if A.group else None
  if A.kind not in('Create','Update')or not A.group:raise GiveUp(f"cannot serve a {A.kind} of the group {A.group}")
  if A.kind=='Update'and A.group==A.former_group:return A.log('The group is the same: its size is left alone.')
  return A.converge(A.fill_group)
 def verdict(A,refused):return GiveUp if len(refused)==BELIEVED else None
 def fill_group(A):
  B=A.describe_group()
  if not B:raise GiveUp(f"there is no Auto Scaling group {A.group}")
  if B['DesiredCapacity']>0:return
  A.log('Setting the desired capacity to 1.');A.call('autoscaling','update_auto_scaling_group',AutoScalingGroupName=A.group,DesiredCapacity=1);return{'awaited':'the group to want one instance'}
 def empty_group(A):
  B=A.describe_group()
  if B and(B['MinSize']>0 or B['DesiredCapacity']>0):A.log('Setting the sizes to 0.');E={'MinSize':0,'DesiredCapacity':0};A.call('autoscaling','update_auto_scaling_group',AutoScalingGroupName=A.group,**E);return{'awaited':'the group to want no instance'}
  C={A['InstanceId']:A['LifecycleState']for A in B.get('Instances',[])};F=['pending','running','shutting-down','stopping','stopped'];G={'tag:aws:autoscaling:groupName':[A.group],'instance-state-name':F};H=A.call('ec2','describe_instances',Filters=[{'Name':A,'Values':B}for(A,B)in G.items()])
  for D in(B for A in H['Reservations']for B in A['Instances']):C[D['InstanceId']]=D['State']['Name']
  if C:I=', '.join(C.values());return{'awaited':'the instance to be gone','host.id':', '.join(C),'host.state':I}
 def describe_group(A):B=A.call('autoscaling','describe_auto_scaling_groups',AutoScalingGroupNames=[A.group]);return next(iter(B['AutoScalingGroups']),{})
 def time_is_up(A):return f"the time is up; last seen: {json.dumps(A.awaited)}"
 def answer(A,status,reason):
  D=reason;B=status;E=A.answer_body(B,D);F=A.event['ResponseURL']
  for C in range(ANSWER_TRIES):
   try:
    G=urllib.request.Request(F,data=E,method='PUT',headers={'Content-Type':''})
    with urllib.request.urlopen(G,timeout=ANSWER_TIMEOUT):A.log('Answered CloudFormation.',{'outcome':B,'reason':D})
    return
   except(OSError,http.client.HTTPException)as H:
    A.log('The answer was not taken.',{'outcome':B,'error':str(H)},'error')
    if C==ANSWER_TRIES-1 or A.remaining()<2**C+2*ANSWER_TIMEOUT:raise
   A.sleep(2**C)
 def answer_body(E,status,reason):
  B=E.event;D=B.get('StackId','');A={'Status':status,'Reason':reason,'PhysicalResourceId':B.get('PhysicalResourceId')or'-'.join((*D.split('/')[1:2],B.get('LogicalResourceId','scale-up'))),'StackId':D,'RequestId':B.get('RequestId',''),'LogicalResourceId':B.get('LogicalResourceId','')};C=json.dumps(A).encode()
  while len(C)>ANSWER_LIMIT and A['Reason']:A['Reason']=A['Reason'][:len(A['Reason'])*3//4];C=json.dumps(A).encode()
  return C
