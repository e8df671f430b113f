# Attaches this stack's volumes, then its address, to the instance its Auto Scaling group launches. Shortened; the source is device_attachment.py of autoheal-agent.
import os,time,traceback
from botocore.exceptions import ClientError
import functools,json,boto3
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
LAUNCHING='autoscaling:EC2_INSTANCE_LAUNCHING'
HEARTBEAT_EVERY=60
ONE_CALL=45
DYING={'shutting-down','terminated','stopping','stopped'}
UNUSABLE={'deleting','deleted','error'}
GONE={'InvalidVolume.NotFound','InvalidVolume.ZoneMismatch','InvalidAllocationID.NotFound'}
BELIEVED=3
class Over(Exception):...
def handler(event,context,sleep=time.sleep):
 A=Launch(event.get('detail')or{},context,sleep);B=A.not_ours()
 if B:A.log('Ignored an event that is not for this function.',{'reason':B});return{'host.id':A.instance,'outcome':'IGNORED'}
 return{'host.id':A.instance,'outcome':A.serve()}
class Launch(Work):
 refusals=REFUSALS|GONE|{'InvalidParameterValue'}
 def __init__(A,detail,context,sleep):B=detail;A.detail=B;A.instance=B.get('EC2InstanceId');super().__init__(context,sleep,{'host.id':A.instance});A.next_heartbeat=None
 def not_ours(A):
  for(B,C)in(('AutoScalingGroupName',os.environ['GROUP_NAME']),('LifecycleHookName',os.environ['HOOK_NAME']),('LifecycleTransition',LAUNCHING)):
   if A.detail.get(B)!=C:return f"{B} is {A.detail.get(B)}, not {C}"
  if A.detail.get('Destination')=='WarmPool':return'the instance goes to a warm pool, not into service'
  return None if A.instance else'it names no instance'
 def serve(A):
  A.log('An instance is launching.')
  try:B=wanted_volumes();A.converge(lambda:A.look(B))
  except Over as C:A.log('The lifecycle action is over: nothing is left to do.',{'reason':str(C)});return'OVER'
  except GiveUp as D:A.log('Giving the launch up.',{**A.awaited,'reason':str(D)},'error');return A.complete('ABANDON')
  except Exception as E:A.log('An unexpected error.',{'reason':repr(E),'trace':traceback.format_exc()},'error');return A.complete('ABANDON')
  return A.complete('CONTINUE')
 def verdict(B,refused):
  A=refused
  if A[-BELIEVED:]!=A[-1:]*BELIEVED:return
  return Over if A[-1]=='ValidationError'else GiveUp
 def prove_active(A):
  if A.next_heartbeat is None or A.remaining()<=A.next_heartbeat:A.call('autoscaling','record_lifecycle_action_heartbeat',**A.action());A.next_heartbeat=A.remaining()-HEARTBEAT_EVERY
 def look(A,volumes):
  C=volumes;A.prove_active();D=A.describe_instance(A.instance);B=D.get('State',{}).get('Name','not visible yet')
  if B in DYING:raise GiveUp(f"the instance is {B}")
  if B!='running':return{'awaited':'the instance to run','host.state':B}
  F=D['Placement']['AvailabilityZone'];E=A.call('ec2','describe_volumes',VolumeIds=list(C))['Volumes']
  if len(E)<len(C):return{'awaited':'the volumes to be visible'}
  G=[A.look_at_volume(B,C[B['VolumeId']],F)for B in E];return next(filter(None,G),None)or A.look_at_address()
 def look_at_volume(B,volume,device,zone):
  E=device;A=volume;C={'volume.id':A['VolumeId'],'volume.device':E,'volume.state':A['State']}
  if A['State']in UNUSABLE:raise GiveUp(f"volume {A['VolumeId']} is in state {A['State']}")
  if A['AvailabilityZone']!=zone:raise GiveUp(f"volume {A['VolumeId']} is in {A['AvailabilityZone']}, the instance in {zone}")
  H=[A for A in A.get('Attachments',[])if A['State']!='detached']
  for D in sorted(H,key=lambda each:each['InstanceId']==B.instance):
   F,G=D['State'],D['InstanceId'];C['volume.attachment_state']=F
   if G!=B.instance:return B.wait_for_holder(G,C)
   if F!='attached':return{'awaited':'the volume to be attached to this instance',**C}
   if D.get('Device')!=E:I={**C,'volume.device':D.get('Device')};B.log('Attached under another device name.',I,'warning')
   return
  if A['State']!='available':return{'awaited':'the volume to be available',**C}
  B.log('Attaching the volume.',C);B.call('ec2','attach_volume',VolumeId=A['VolumeId'],InstanceId=B.instance,Device=E);return{'awaited':'the volume to be attached to this instance',**C}
 def wait_for_holder(B,holder,seen):A=holder;C=B.describe_instance(A).get('State',{}).get('Name','gone');return{'awaited':'another instance to release the volume','holder.id':A,'holder.state':C,**seen}
 def look_at_address(A):
  B=os.environ.get('ALLOCATION_ID')
  if not B:return
  C=A.call('ec2','describe_addresses',AllocationIds=[B])['Addresses'][0]
  if C.get('InstanceId')==A.instance:return
  D={'address.id':B,'holder.id':C.get('InstanceId')};A.log('Associating the address.',D);A.call('ec2','associate_address',AllocationId=B,InstanceId=A.instance,AllowReassociation=True);return{'awaited':'the address to be associated with this instance',**D}
 def describe_instance(A,instance):B=A.call('ec2','describe_instances',Filters=[{'Name':'instance-id','Values':[instance]}]);return next((B for A in B['Reservations']for B in A['Instances']),{})
 def complete(A,result):
  B=result
  while True:
   try:client('autoscaling').complete_lifecycle_action(**A.action(),LifecycleActionResult=B);A.log('Completed the lifecycle action.',{'outcome':B});return B
   except Exception as C:
    if isinstance(C,ClientError)and C.response['Error']['Code']=='ValidationError':A.log('The lifecycle action is over already.',{'outcome':B,'reason':str(C)});return'OVER'
    A.log('The lifecycle action could not be completed.',{'error':str(C)},'error')
    if A.remaining()<ONE_CALL+LOOK_EVERY:raise
   A.sleep(LOOK_EVERY)
 def action(A):B={'LifecycleHookName','AutoScalingGroupName','LifecycleActionToken'};return{'InstanceId':A.instance,**{B:A.detail[B]for B in B&A.detail.keys()}}
def wanted_volumes():
 A=[A.strip().partition('=')for A in os.environ['VOLUMES'].split(',')];B={B:A for(A,C,B)in A if A and B}
 if len(B)!=len(A)or len(set(B.values()))!=len(A):raise ValueError(f"VOLUMES is not a list of device=volume-id, each once: {os.environ['VOLUMES']!r}")
 return B
